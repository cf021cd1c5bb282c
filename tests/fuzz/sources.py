"""Targets: the sources of images. Each is opened with and without labels, its images read, its table written."""

import gzip
import io
import json
import os
import tarfile
import tempfile
import warnings
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.predict.items import check, count, items
from hemascope.predict.source_files import tell_passed_over
from tests.data.pictures import encoded, noise
from tests.fuzz.damage import altered, damaged, texts, values
from tests.fuzz.engine import Target, attempt
from tests.told import Told

_SOME = 12  # images that are read of a source
_PNG = encoded(noise(0, 3, 3))


def read(path: Path) -> None:
    """All that hemascope does with a source of images."""
    source = str(path)
    for unlabelled in (False, True):
        manifest = attempt(open_source, source, unlabelled=unlabelled, progress=Told())
        if manifest is not None:
            _use(manifest, path.parent)
    if attempt(lambda: check([source]) or True):
        for item in islice(items([source]), _SOME):
            attempt(item.pixels)
        count([source])
        tell_passed_over([source], Told())


def _use(manifest: Manifest, folder: Path) -> None:
    assert set(manifest.table["label"]) <= {"", *manifest.classes} or (manifest.table["error"] != "").any()
    for _ in read_images(manifest.rows(np.arange(min(len(manifest), _SOME))), threads=1):
        pass
    manifest.write(folder / "written.parquet")
    again = Manifest.read(folder / "written.parquet")
    assert again.classes == manifest.classes
    assert again.table.equals(manifest.table)


names = st.lists(
    st.sampled_from(["train", "test", "val", "Training set", "a", "b", "A", "CD4+", "CD4-", "neutrophil", "..", "."])
    | texts.filter(lambda text: len(text.encode()) < 100),
    min_size=0,
    max_size=3,
).flatmap(lambda folders: st.sampled_from(["1.png", "2.PNG", "3.dcm", "4", ".x", "5.npz"]).map(lambda f: [*folders, f]))
"""Names of files below folders, as lists."""


@st.composite
def _trees(draw: st.DrawFn) -> bytes:
    """Files and links of a folder as lines, NUL between them: ``path`` or ``path\\x01target``."""
    lines = []
    for parts in draw(st.lists(names, min_size=1, max_size=8)):
        name = "/".join(parts).encode().replace(b"\0", b"")
        if not draw(st.integers(0, 4)):
            name = name.replace(b"a", b"\xe9")
        link = draw(st.sampled_from([b""] * 5 + [b"\x01..", b"\x01.", b"\x01/dev/zero", b"\x01a", b"\x01nowhere"]))
        lines.append(name + link)
    return b"\0".join(lines)


def _read_tree(path: Path) -> None:
    folder = path.parent / "cells"
    for line in path.read_bytes().split(b"\0"):
        name, _, link = line.partition(b"\x01")
        place = Path(os.path.normpath(folder / os.fsdecode(name).lstrip("/")))
        if place == folder or not place.is_relative_to(folder):
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.fsdecode(link)) if link else place.write_bytes(_PNG)
        except OSError:  # a file stands where a folder is wanted, or the name is too long
            continue
    if folder.is_dir():
        read(folder)
        read(folder / "**" / "*")


@st.composite
def _csv(draw: st.DrawFn) -> bytes:
    header = draw(
        st.lists(
            st.sampled_from(["path", "label", "split", "member", "confidence", "error", "file", "x"]),
            min_size=1,
            max_size=5,
        )
    )
    cells = st.sampled_from(["1.png", "2.png", "a", "b", "train", "set.npz#images/0", "list.csv", "."]) | texts
    rows = draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), max_size=5))
    mark = draw(st.sampled_from([",", ";", "\t"]))
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
    text = "\n".join(mark.join(row) for row in [header, *quoted])
    data = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"])))
    return draw(damaged([data], [b'"', b"\r", b"\n\n", b"\0", b","]))


def _read_csv(path: Path) -> None:
    for name in ("1.png", "2.png"):
        (path.parent / name).write_bytes(_PNG)
    np.savez(path.parent / "set.npz", images=np.zeros((2, 3, 3, 3), np.uint8))
    read(path)


def _npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


_ARRAYS = [
    _npy(array)
    for array in (
        np.zeros((4, 3, 3, 3), np.uint8),
        np.zeros((4, 3, 3), np.uint8),
        np.asfortranarray(np.zeros((4, 3, 3, 3), np.uint8)),
        np.zeros((4, 3, 3, 3)),
        np.zeros((0, 3, 3, 3), np.uint8),
        np.zeros((4, 0, 3, 3), np.uint8),
        np.array([0, 1, 0, 1]),
        np.array([[0], [1], [0], [1]], np.uint8),
        np.array([-1, 5, -7, 1]),
        np.array([0, 1, 2**62, 1]),
        np.array([2**64 - 1, 1, 0, 1], np.uint64),
        np.array([0.0, np.nan, 1, 1]),
        np.array(["a", "b"]),
        np.array(["CD4+", "CD4-", "", "c"]),
        np.array([b"a", b"\xff"]),
        np.array(["a", None], object),
        np.array(3),
        np.zeros(4, [("x", "u1")]),
        np.array(["2020-01-01"], "datetime64[D]"),
    )
]
_KEYS = ["images", "labels", "train_images", "train_labels", "val_images", "val_labels", "classes", "label_names", "x"]


@st.composite
def _npz(draw: st.DrawFn) -> bytes:
    file = io.BytesIO()
    keys = draw(st.sampled_from([["images", "labels"], ["train_images", "train_labels", "val_images", "val_labels"]]))
    with zipfile.ZipFile(file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for key in dict.fromkeys([*keys, *draw(st.lists(st.sampled_from(_KEYS) | texts, max_size=3))]):
            right = _ARRAYS[:2] if key.endswith("images") else _ARRAYS[6:8]
            array = draw(st.sampled_from(right) | damaged(_ARRAYS, [b"8", b"(", b"9" * 12, b"'|O'"]))
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), array, archive.compression)
    return file.getvalue() if draw(st.integers(0, 2)) else draw(damaged([file.getvalue()]))


_MEMBERS = st.lists(
    st.tuples(names.map("/".join) | st.just("a/1.png"), st.sampled_from([_PNG, b"", b"x", _PNG[:40]])), max_size=5
)


@st.composite
def _zips(draw: st.DrawFn) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in draw(_MEMBERS):
            about = zipfile.ZipInfo(name[:200])
            about.external_attr = draw(st.sampled_from([0, 0, 0o120777 << 16]))
            archive.writestr(about, data, draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    return file.getvalue() if draw(st.integers(0, 2)) else draw(damaged([file.getvalue()]))


@st.composite
def _tars(draw: st.DrawFn, packed: bool) -> bytes:
    file = io.BytesIO()
    formats = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    kinds = [tarfile.REGTYPE] * 5 + [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.DIRTYPE,
    ]
    with tarfile.open(fileobj=file, mode="w", format=draw(formats)) as archive:
        for name, data in draw(_MEMBERS):
            about = tarfile.TarInfo(name.replace("\0", "")[:60] or "x")
            about.type = draw(st.sampled_from(kinds))
            about.linkname = "a/1.png"
            about.size = len(data) if about.type == tarfile.REGTYPE else 0
            archive.addfile(about, io.BytesIO(data))
    whole = file.getvalue()[: file.getvalue().rstrip(b"\0").__len__() + 1024]
    data = whole if draw(st.integers(0, 2)) else draw(damaged([whole]))
    if not packed:
        return data
    data = gzip.compress(data, 1, mtime=0)
    return data if draw(st.integers(0, 2)) else draw(damaged([data]))


def _columns(n: int) -> dict[str, list[pa.Array]]:
    pictures = [_PNG, b"", None][:n] + [_PNG] * max(0, n - 3)
    beside = [{"bytes": one, "path": "1.png"} for one in pictures]
    numbers = [pa.array([0, 1, 0, 1][:n]), pa.array([0, None, -5, 2**62][:n]), pa.array([0, 1, 2, 3][:n], pa.uint8())]
    words = [pa.array(["a", "b", "a", "b"][:n]), pa.array(["CD4+", "CD4-", None, ""][:n])]
    more = [
        pa.array(["a", "b", "a", "a"][:n]).dictionary_encode(),
        pa.array([True, False, None, True][:n]),
        pa.array([0.5, float("nan"), 1, 2][:n]),
        pa.array([["a"], [], None, ["b"]][:n]),
        pa.nulls(n),
        pa.array([b"a", b"\xff", b"b", b"a"][:n]),
    ]
    images = [
        pa.array(pictures),
        pa.array(beside),
        pa.array([{"path": "1.png"}] * n),
        pa.array(pictures, pa.large_binary()),
    ]
    paths = [pa.array(["1.png", "2.png", "set.npz#images/0", ""][:n])]
    return {
        "image": [*images, *more],
        "label": [*numbers, *words, *more],
        "split": [pa.array(["train", "test", "val", ""][:n]), *words, *more],
        "path": [*paths, *words, *more],
        "member": [pa.array(["", "", "images/0", "x"][:n]), *words, *more],
        "confidence": more,
        "error": [*words, *more],
        "verdict": [*words, *more],
        "group": [*numbers, *more],
    }


@st.composite
def _parquet(draw: st.DrawFn) -> bytes:
    n = draw(st.integers(0, 4))
    columns = _columns(n)
    usual = draw(st.sampled_from([["image", "label"], ["path", "label"], ["image"], ["path", "member", "verdict"]]))
    chosen = dict.fromkeys([*usual, *draw(st.lists(st.sampled_from(sorted(columns)), max_size=4))])
    arrays = {name: draw(st.sampled_from(columns[name][:3]) | st.sampled_from(columns[name])) for name in chosen}
    about: dict[str, Any] = {"info": {"features": {"label": {"names": ["a", "b"], "_type": "ClassLabel"}}}}
    metadata = {}
    if draw(st.booleans()):
        metadata["huggingface"] = json.dumps(draw(st.just(about) | altered(about)))
    if draw(st.booleans()):
        told = {"format_version": "1", "classes": "a\nb", "name": "x", "spelt": '["A"]'}
        changed = draw(st.just(told) | st.fixed_dictionaries(dict.fromkeys(told, texts)))
        metadata |= {f"hemascope.{key}": value for key, value in changed.items()}
    return _written(pa.table(arrays).replace_schema_metadata(metadata), draw)


def _written(table: pa.Table, draw: st.DrawFn) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression=draw(st.sampled_from(["snappy", "none"])))
    return file.getvalue() if draw(st.integers(0, 2)) else draw(damaged([file.getvalue()]))


def _manifest() -> pa.Table:
    rows = Manifest.build(["1.png", "set.npz"], ["a", "b"], ("a", "b"), members=["", "images/0"], splits=["train", ""])
    with tempfile.TemporaryDirectory() as folder:
        rows.write(Path(folder) / "m.parquet")
        return pq.read_table(Path(folder) / "m.parquet")


@st.composite
def _manifests(draw: st.DrawFn) -> bytes:
    table = _MANIFEST
    about = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    for _ in range(draw(st.integers(0, 2))):
        about[draw(st.sampled_from(sorted(about)))] = draw(texts | values.map(str))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(table.column_names))
        place = table.column_names.index(name)
        if draw(st.booleans()):
            table = table.remove_column(place) if len(table.column_names) > 1 else table
        else:
            kinds = st.sampled_from(_columns(len(table))["label"] + _columns(len(table))["path"])
            table = table.set_column(place, name, draw(kinds | texts.map(lambda text: pa.array([text] * 2))))
    return _written(table.replace_schema_metadata(about), draw)


_MANIFEST = _manifest()

TARGETS = {
    "folder": Target("tree", _trees(), _read_tree),
    "csv": Target("list.csv", _csv(), _read_csv),
    "npz": Target("set.npz", _npz(), read),
    "zip": Target("cells.zip", _zips(), read),
    "tar": Target("cells.tar", _tars(False), read),
    "tar.gz": Target("cells.tar.gz", _tars(True), read),
    "parquet": Target("cells.parquet", _parquet(), _read_csv),
    "manifest": Target("cells.parquet", _manifests(), _read_csv),
}
