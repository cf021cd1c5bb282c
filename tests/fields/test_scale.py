import numpy as np
import pytest

from hemascope.fields.cell import KINDS
from hemascope.fields.detector import Found, load_detector
from hemascope.fields.scale import choose, red_width
from tests.fields.toy import CARD, draw_field, grid


@pytest.fixture(scope="module")
def detector(detector_file):
    return load_detector(detector_file, threads=1)


@pytest.mark.parametrize("side", [13, 27, 54])
def test_the_scale_brings_red_cells_to_their_width_at_any_magnification(detector, side):
    found = detector.find(draw_field(15 * side, 20 * side, grid(15 * side, 20 * side, side, 3 * side)))
    assert found.scale_from == "red cells"
    assert found.scale * side == pytest.approx(CARD.red_width, rel=0.2)
    assert found.red_width == pytest.approx(side, rel=0.2)
    assert np.bincount(found.kinds)[:2].tolist() == [3, 18]


def test_without_red_cells_white_ones_tell(detector):
    squares = [("white", x, 100, 42) for x in (100, 200, 300)]
    found = detector.find(draw_field(200, 400, squares))
    assert found.scale_from == "white cells"
    assert found.scale * 42 == pytest.approx(CARD.red_width * 1.6, rel=0.2)
    assert len(found) == 3
    assert found.red_width is None


def test_an_empty_field_is_seen_at_a_coarse_scale(detector):
    found = detector.find(np.full((600, 800, 3), 230, np.uint8))
    assert (len(found), found.scale_from, found.red_width) == (0, "field size", None)


def test_grains_at_a_wrong_scale_do_not_tell():
    """A detector that takes grains for red cells where a field is too large, in whatever number."""

    def look(scale, field):
        true = 100 * scale
        n, width, score = (60, 100, 0.6) if 10 < true < 30 else (200, 13 / scale, 0.6)
        corners = np.random.default_rng(0).uniform(0, 200, (n, 2))
        kinds = np.full(n, KINDS.index("red"))
        boxes = np.concatenate([corners, corners + width], axis=1).astype(np.float32)
        return Found(boxes, kinds, np.full(n, score, np.float32), scale=scale)

    found = choose(look, np.zeros((2000, 2000, 3), np.uint8), CARD)
    assert found.scale * 100 == pytest.approx(CARD.red_width, rel=0.1)


def test_a_cell_that_is_cut_has_the_width_of_its_longer_side():
    boxes = np.float32([[10, 10, 30, 30]] * 4 + [[0, 50, 5, 70]])
    found = Found(boxes, np.full(5, KINDS.index("red")), np.ones(5, np.float32))
    assert red_width(found, (100, 100, 3)) == 20
    assert red_width(Found(boxes[:4], found.kinds[:4], found.scores[:4]), (100, 100, 3)) is None
