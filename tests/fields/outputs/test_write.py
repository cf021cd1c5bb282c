"""Field after field into files, killed and resumed."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hemascope.fields.outputs.shown import Shown
from hemascope.fields.outputs.write import Writers
from hemascope.predict.differential.differential import Differential
from tests.fields.outputs.made import CLASSES, broken, cells, field

pytest.importorskip("roifile", reason="roifile is not installed: pip install 'hemascope[fields]'")

FIELDS = [
    ("monday/a.png", field(seed=1), cells("monday/a.png")),
    ("monday/broken.png", None, broken()),
    ("tuesday/A.png", field(seed=2), cells("tuesday/A.png")),
    ("empty.png", field(seed=3), []),
    ("slide.svs#0,0", field(seed=4), cells("slide.svs#0,0")),
    ("slide.svs#200,0", field(seed=5), cells("slide.svs#200,0")),
]


def page(path: Path, shown: Shown, differential: Differential | None, notes: Sequence[str]) -> None:
    assert differential is None
    pictures = [one.picture.read_bytes() for one in (*shown.doubtful, *shown.fields())]
    path.write_text(f"{shown.counts} {shown.failed} {hash(tuple(pictures))} {notes}")


def write(folder: Path, fields: list, *, resume: bool = False, close: bool = True) -> dict[str, bytes]:
    writers = Writers(folder, CLASSES, crops=True, overlays=True, page=page, resume=resume)
    for name, pixels, found in fields:
        writers.add(name, pixels, found)
    if close:
        writers.close(notes=["a note"], downsamples={"slide.svs": 2.0})
        writers.discard()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return write(tmp_path_factory.mktemp("whole"), FIELDS)


def test_every_field_has_its_own_files_and_a_slide_one_geojson(whole: dict[str, bytes]) -> None:
    (second,) = {Path(name).stem for name in whole if name.startswith("geojson/A-")}
    windows = ("slide_0_0", "slide_200_0")
    assert set(whole) == {
        "cells.coco.json",
        "count.html",
        *(f"geojson/{stem}.geojson" for stem in ("a", second, "empty", "slide")),
        *(f"rois/{stem}.zip" for stem in ("a", second, *windows)),
        *(f"overlays/{stem}.jpg" for stem in ("a", second, "empty", *windows)),
        *(f"crops/neutrophil/{stem}_0001.png" for stem in ("a", second, *windows)),
        *(f"crops/monocyte/{stem}_0002.png" for stem in ("a", second, *windows)),
        *(f"crops-unknown/{stem}_0003.png" for stem in ("a", second, *windows)),
    }


def test_the_boxes_of_a_slide_are_in_its_own_pixels(whole: dict[str, bytes]) -> None:
    found = json.loads(whole["geojson/slide.geojson"])["features"]
    assert len(found) == 2 * len(cells()) == len({feature["id"] for feature in found})
    assert found[0]["geometry"]["coordinates"][0][:3:2] == [[20, 40], [60.5, 89]]
    assert found[len(cells())]["geometry"]["coordinates"][0][:3:2] == [[220, 40], [260.5, 89]]


@pytest.mark.parametrize("done", [0, 1, 2, 3, 4, 5, 6])
def test_a_killed_count_goes_on_to_the_same_files(tmp_path: Path, whole: dict[str, bytes], done: int) -> None:
    write(tmp_path, FIELDS[:done], close=False)
    again = FIELDS[max(0, done - 1) :]  # the last is added again: its row was not in the table yet
    assert write(tmp_path, again, resume=True) == whole


def test_what_is_done_is_named(tmp_path: Path) -> None:
    write(tmp_path, FIELDS[:2], close=False)
    writers = Writers(tmp_path, CLASSES, resume=True)
    assert writers.names == {"monday/a.png", "monday/broken.png"}


def test_a_new_count_clears_the_files_of_the_former_and_no_others(tmp_path: Path, whole: dict[str, bytes]) -> None:
    write(tmp_path, [("other.png", field(), cells("other.png"))])
    mine = ("crops/mine.txt", "notes.txt", "cells.csv", "rois/mine.roi")
    for name in mine:
        (tmp_path / name).write_text("mine")
    found = write(tmp_path, FIELDS)
    assert {name for name in found if found[name] == b"mine"} == set(mine)
    assert {name: data for name, data in found.items() if name not in mine} == whole


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    writers = Writers(tmp_path, CLASSES, geojson=False, rois=False)
    writers.add("a.png", np.zeros((20, 20, 3), np.uint8), [])
    writers.close()
    writers.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["cells.coco.json"]
