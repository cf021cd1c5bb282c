from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.fields.detector import load_detector
from hemascope.fields.tiles import SIDE, join, rounded, tiles
from tests.fields.toy import draw_field

SCALES = st.integers(1, 64).map(lambda n: n / 16) | st.integers(1, 31).map(lambda n: n / 64)


@given(
    lengths=st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    scale=SCALES,
    reach=st.integers(1, 300),
    side=st.integers(64, 2000),
)
@settings(max_examples=60, deadline=None)
def test_cores_are_the_field_and_tiles_reach_beyond_them(lengths, scale, reach, side):
    stride = 16
    parts = tiles(*lengths, scale, reach, stride, side)
    assert len(parts) == len({tile.down for tile in parts}) * len({tile.across for tile in parts})
    for length, axis in zip(lengths, ("down", "across"), strict=True):
        spans = sorted({getattr(tile, axis) for tile in parts})
        assert (spans[0].core_start, spans[-1].core_end) == (0, length)
        assert all(one.core_end == two.core_start for one, two in pairwise(spans))
        for span in spans:
            assert span.start == 0 or (span.core_start - span.start) * scale >= reach
            assert span.end == length or (span.end - span.core_end) * scale >= reach
            assert (span.start * scale) % stride == 0  # on the detector's grid
            assert span.end == length or (span.end * scale) % stride == 0


def test_a_window_of_a_slide_takes_few_tiles_at_every_scale():
    for sixteenths in range(8, 17):
        scale = sixteenths / 16
        parts = tiles(2432, 2432, scale, 288, 16)
        assert len(parts) <= 16
        assert max(tile.across.end - tile.across.start for tile in parts) * scale <= SIDE


@given(scale=st.floats(0.01, 8))
def test_a_rounded_scale_is_near_and_stays(scale):
    assert rounded(rounded(scale)) == rounded(scale)
    assert rounded(scale) == pytest.approx(scale, abs=1 / 32 if scale >= 0.5 else 1 / 64)


@st.composite
def smears(draw):
    """A field of squares that do not touch, as they fall."""
    height, width = draw(st.integers(60, 260)), draw(st.integers(60, 260))
    places = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), unique=True, max_size=30))
    squares = []
    for row, column in places:
        kind, side = draw(st.sampled_from([("white", 19), ("red", 13), ("platelet", 5)]))
        squares.append((kind, column * 30 + draw(st.integers(-4, 4)), row * 30 + draw(st.integers(-4, 4)), side))
    return draw_field(height, width, squares)


@pytest.fixture(scope="module")
def detector(detector_file):
    return load_detector(detector_file, threads=1)


@given(field=smears(), side=st.integers(90, 200), scale=st.sampled_from([0.75, 1.0, 1.25]))
@settings(max_examples=25, deadline=None)
def test_any_tiling_gives_the_same_cells(detector, field, side, scale):
    whole, parts = detector.find(field, scale), detector.find(field, scale, side=side)
    assert np.array_equal(whole.boxes, parts.boxes)
    assert np.array_equal(whole.kinds, parts.kinds)
    np.testing.assert_allclose(whole.scores, parts.scores, atol=1e-4)


def test_a_cell_on_the_border_of_two_cores_is_taken_once():
    """Rounding puts its centre on the one side in one tile and on the other in the other."""
    left, right = tiles(50, 150, 1.0, 10, 16, 144)
    border = left.across.core_end
    near, far = np.float32([[border - 6.01, 10, border + 6, 20]]), np.float32([[border - 6, 10, border + 6.01, 20]])
    kinds = np.array([1])
    for one, other in ((near, far), (far, near)):
        taken = join([(left, one, kinds), (right, other, kinds)], 50, 150, 1.0)
        assert sum(map(len, taken)) == 1
    two = join([(left, near, kinds), (right, far, np.array([2]))], 50, 150, 1.0)
    assert sum(map(len, two)) == 2  # a cell and a platelet on it
