import numpy as np
import pytest

from hemascope.fields.slides.slide import Level
from hemascope.fields.slides.windows import MARGIN, SIDE, grid, judged, suited, windows


@pytest.mark.parametrize(("width", "height"), [(1, 1), (SIDE, SIDE), (SIDE + 1, 5000), (9000, 3 * SIDE)])
def test_cores_cover_a_level_once_and_windows_reach_beyond_them(width, height):
    level, seen = Level(width, height, 1.0), np.zeros((height, width), np.uint8)
    for one in windows(level):
        left, top, right, bottom = one.core
        seen[one.top + top : one.top + bottom, one.left + left : one.left + right] += 1
        assert one.left + one.width <= width
        assert one.top + one.height <= height
        assert left == (MARGIN if one.left else 0)
        assert one.width - right == min(MARGIN, width - one.left - right)
    assert (seen == 1).all()
    assert len(list(windows(level))) == np.prod(grid(level))


@pytest.mark.parametrize(
    ("micrometres", "number"), [(0.25, 0), (0.1, 0), (0.063, 0), (0.06, 1), (0.03, 1), (0.01, 2), (0.5, 0), (None, 0)]
)
def test_the_level_is_that_of_red_cells_of_40_to_120_pixels(micrometres, number):
    assert suited([Level(8000, 8000, 1), Level(4000, 4000, 2), Level(1000, 1000, 8)], micrometres) == number


def test_a_level_too_coarse_is_not_taken():
    assert suited([Level(8000, 8000, 1), Level(500, 500, 16)], 0.04) == 0


def test_lone_cells_are_read_and_light_may_fall_off():
    green = np.full((128, 128), 230, np.uint8)
    assert judged(green, 235.0) == "blank"
    assert judged((green * np.linspace(0.9, 1, 128)).astype(np.uint8), 235.0) == "blank"
    green[10:14, 10:14] = 150  # one cell
    assert judged(green, 235.0) == ""
    crowded = np.full((128, 128), 140, np.uint8)
    assert judged(crowded, 235.0) == "thick"
    crowded[::4, ::4] = 230
    assert judged(crowded, 235.0) == ""
