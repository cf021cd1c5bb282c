"""What the page shows: the most doubtful, and never more than so many."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from hemascope.fields.cell import Cell
from hemascope.fields.outputs import shown as module
from hemascope.fields.outputs.kept import Field, KeptFields
from hemascope.fields.outputs.shown import Gallery, doubt, why
from tests.fields.outputs.made import CLASSES, cells, field


def test_which_cells_are_doubtful() -> None:
    sure, faint, unknown, *others = cells()
    assert doubt(sure) == 0
    assert doubt(faint) == pytest.approx(0.4)  # a score of 0.3 of 0.5; its class, 0.6 of 0.8, is less doubtful
    assert doubt(unknown) == 2.9
    assert [doubt(cell) for cell in others] == [0, 0, 0]
    assert doubt(replace(unknown, counted=False)) == 0
    assert doubt(replace(sure, confidence=None, label=None, error="too small")) == 2
    assert why(faint, CLASSES) == "or Neutrophil, 30.0%; hardly seen as a cell (0.30)"
    assert why(unknown, CLASSES) == "unlike the cells of all classes"
    assert why(sure, CLASSES) == ""


def white(name: str, confidence: float) -> Field:
    cell = Cell(name, (10, 10, 30, 30), "white", 0.9, False, True, "monocyte", confidence, (confidence, 0.1, 0.0))
    return Field(name, 128, 96, (cell,))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FIELDS", 3)
    monkeypatch.setattr(module, "MOST_CELLS", 2)


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


SHARES = (0.95, 0.5, 0.99, 0.3, 0.7, 0.4)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("killed", [None, 1, 3, 4])
def test_the_most_doubtful_stay_on_disk_and_no_others(tmp_path: Path, killed: int | None) -> None:
    kept = KeptFields(tmp_path / "x.jsonl")
    gallery = Gallery(tmp_path, kept)
    for place, share in enumerate(SHARES):
        found = white(f"{place}.png", share)
        gallery.add(found, field(seed=place))
        if place == killed:  # after its pictures, before its line
            kept = KeptFields(tmp_path / "x.jsonl", resume=True)
            gallery = Gallery(tmp_path, kept)
            gallery.add(found, field(seed=place))
        kept.add(found)
        assert len(list(tmp_path.glob("field-*.jpg"))) <= 3
    shown = gallery.shown(CLASSES)
    assert [one.field for one in shown.doubtful] == ["3.png", "5.png"]
    assert shown.doubts == 4
    assert [one.field.name for one in shown.fields()] == ["1.png", "3.png", "5.png"]
    assert [one.order for one in shown.fields()] == [1, 3, 5]
    pictures = [one.picture for one in (*shown.doubtful, *shown.fields())]
    assert sorted(tmp_path.glob("*.jpg")) == sorted(pictures)
    assert {size(path) for path in pictures} == {(144, 144), (128, 96)}


@pytest.mark.usefixtures("few")
def test_counts_are_of_all_fields(tmp_path: Path) -> None:
    kept = KeptFields(tmp_path / "x.jsonl")
    gallery = Gallery(tmp_path, kept)
    for name in "abcde":
        found = Field(name, 128, 96, tuple(cells(name)))
        gallery.add(found, field())
        kept.add(found)
    kept.add(Field("broken", 0, 0, (), "cut off"))
    shown = gallery.shown(CLASSES)
    assert (shown.read, shown.failures, shown.failed) == (5, 1, (("broken", "cut off"),))
    assert shown.counts == {"neutrophil": 5, "monocyte": 5, "unknown": 5, "red": 5, "platelet": 5}
    assert shown.kinds == {"white": 15, "red": 5, "platelet": 5}
    assert shown.left_out == {"red": 5}
    assert shown.doubts == 10
