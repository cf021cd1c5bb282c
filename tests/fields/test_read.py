import numpy as np
import pytest

import hemascope
from hemascope.errors import DecodeError, ModelFileError
from hemascope.fields.detector import load_detector
from hemascope.fields.read import read_field, read_fields
from hemascope.predict.items import Item
from tests.fields.toy import draw_field, grid, small_field


@pytest.fixture(scope="module")
def detector(detector_file):
    return load_detector(detector_file, threads=1)


@pytest.fixture(scope="module")
def classifier(model_file):
    return hemascope.load(model_file, threads=1)


def test_white_cells_are_classified_platelets_named_and_red_ones_counted(detector, classifier):
    read = read_field(detector, classifier, "a.png", small_field())
    white, red, platelets = (
        [cell for cell in read.cells if cell.kind == kind] for kind in ("white", "red", "platelet")
    )
    assert (len(white), len(red), len(platelets)) == (3, 18, 3)
    assert [cell.kind for cell in read.cells] == ["white"] * 3 + ["red"] * 18 + ["platelet"] * 3
    for cell in white:  # low in red on a light ground: green and blue are even, red is least
        assert cell.label in ("lymphocyte", "basophil")
        assert cell.confidence == max(cell.probabilities)
        assert sum(cell.probabilities) == pytest.approx(1, abs=1e-5)
        assert cell.unknown is not None
        assert not cell.is_unknown
    assert {cell.label for cell in red} == {None}
    assert {cell.label for cell in platelets} == {"platelet"}
    assert {cell.probabilities for cell in red + platelets} == {()}
    assert (read.width, read.height, read.scale_from) == (260, 200, "red cells")
    assert len(read.colours) == len(read.probabilities) == 3


def test_a_cell_cut_at_the_right_or_below_does_not_count(detector, classifier):
    cut = [("red", 0, 100, 13), ("red", 100, 0, 13), ("red", 199, 100, 13), ("red", 100, 199, 13), ("red", 0, 199, 13)]
    whole = [("red", x, y, 13) for x in (50, 100, 150) for y in (50, 150)]
    read = read_field(detector, classifier, "a.png", draw_field(200, 200, cut + whole))
    assert len(read.cells) == 11
    assert sum(cell.border for cell in read.cells) == 5
    assert sorted((round(cell.box[0]), round(cell.box[1])) for cell in read.cells if cell.border and cell.counted) == [
        (0, 94), (94, 0),
    ]  # fmt: skip
    assert all(cell.counted for cell in read.cells if not cell.border)


def test_a_field_that_fails_is_one_row_and_the_others_go_on(detector, classifier, monkeypatch):
    field = small_field()
    good = Item("good.png", field)
    bad = Item("bad.png", DecodeError("bad.png: damaged\nbeyond repair"))
    reads = list(read_fields(detector, classifier, [bad, good, bad], threads=2))
    assert [(read.name, read.error) for read in reads] == [
        ("bad.png", "damaged beyond repair"), ("good.png", ""), ("bad.png", "damaged beyond repair"),
    ]  # fmt: skip
    assert [(len(read.cells), read.cells[0].error) for read in reads] == [
        (1, "damaged beyond repair"), (24, ""), (1, "damaged beyond repair"),
    ]  # fmt: skip

    def fail(*_):
        raise ModelFileError(f"{detector.path}: the detector failed")

    monkeypatch.setattr(detector, "_run", fail)
    assert read_field(detector, classifier, "good.png", field).error == "the detector failed"


def test_as_many_rows_whatever_the_threads(detector, classifier):
    items = [Item(f"{n}.png", draw_field(200, 260 + n, grid(200, 260 + n))) for n in range(3)]
    one, four = (list(read_fields(detector, classifier, items, threads=threads)) for threads in (1, 4))
    assert one == four


def test_a_cell_that_the_classifier_fails_on_says_so(detector, classifier, monkeypatch):
    def fail(images, *, attributes=False):
        raise ModelFileError("no memory")

    monkeypatch.setattr(classifier, "judge", fail)
    read = read_field(detector, classifier, "a.png", small_field())
    white = [cell for cell in read.cells if cell.kind == "white"]
    assert {(cell.label, cell.error) for cell in white} == {(None, "no memory")}
    assert read.error == ""


def test_no_cells_is_an_answer(detector, classifier):
    read = read_field(detector, classifier, "a.png", np.full((90, 90, 3), 230, np.uint8))
    assert (read.cells, read.error, read.red_width) == ((), "", None)
