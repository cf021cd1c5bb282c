"""Targets: the sources of annotated fields. Each is read whole: its boxes lie within its pictures, or it is refused."""

import json
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from hemascope.data.annotations import open_annotations
from tests.data.annotations.sources import EXAMPLE, coco, write_pictures, xml
from tests.fuzz.damage import altered, damaged
from tests.fuzz.engine import Target, attempt

_CSV = f"{EXAMPLE}\na_1.png,4,4,24,24,WBC\na_2.png,0,0,10,12,RBC\nb_5.png,,,,,\n".encode()
_YOLO = b"0 0.2 0.3 0.3 0.4\n1 0.1 0.1 0.5 0.1 0.3 0.6\n"
_YAML = b"names:\n  0: WBC\n  1: RBC\ntrain: images\n"


def _check(source: Path) -> None:
    found = attempt(open_annotations, source)
    for field in found.fields if found is not None else ():
        assert np.isfinite(field.boxes).all()
        assert (field.boxes >= 0).all()
        assert (field.boxes[:, 2:] <= np.array(field.size)).all()
        assert (field.boxes[:, 2:] > field.boxes[:, :2]).all()
        assert len(field.boxes) == len(field.kinds) == len(field.labels)


def _beside(path: Path) -> None:
    write_pictures(path.parent)
    _check(path)


def _yolo(path: Path) -> None:
    write_pictures(path.parent)
    settings, _, labels = path.read_bytes().partition(b"\0")
    path.unlink()
    (path.parent / "data.yaml").write_bytes(settings)
    (path.parent / "a_1.txt").write_bytes(labels)
    _check(path.parent)


def _yolo_files() -> st.SearchStrategy[bytes]:
    pair = st.tuples(damaged([_YAML], [b"- ", b"&a ", b"*a"]), damaged([_YOLO], [b"nan", b"-", b"9" * 30, b"\n"]))
    return pair.map(lambda both: both[0].replace(b"\0", b"") + b"\0" + both[1])


TARGETS = {
    "boxes-csv": Target("boxes.csv", damaged([_CSV], [b",,", b"nan", b"-", b"9" * 30, b'"']), _beside),
    "boxes-coco": Target(
        "boxes.json",
        st.one_of(altered(coco()).map(lambda tree: json.dumps(tree).encode()), damaged([json.dumps(coco()).encode()])),
        _beside,
    ),
    "boxes-voc": Target("boxes.xml", damaged([xml("a_1.png").encode()], [b"<", b"&b;", b"<!ENTITY b 'c'>"]), _beside),
    "boxes-yolo": Target("boxes.bin", _yolo_files(), _yolo),
}
