"""Every kind of picture without a cell: its form, its seed, and that it does what its name says."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.data.foreign import corner, damaged, drawing, empty_field, fractal, overlay, texture, writing
from hemascope.data.smears.paint import draw

Maker = Callable[[np.random.Generator, int], np.ndarray]
CELL = draw(3, 0, 64).image

MAKERS: dict[str, Maker] = {
    "texture": texture,
    "drawing": drawing,
    "writing": writing,
    "empty field": empty_field,
    "corner": lambda rng, size: corner(CELL, rng, size),
    "damaged": lambda rng, size: damaged(np.resize(CELL, (size, size, 3)), rng),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
@given(seed=st.integers(0, 10_000), size=st.sampled_from([28, 61, 96]))
@settings(max_examples=12, deadline=None)
def test_pictures_have_their_form_and_repeat_by_seed(make: Maker, seed: int, size: int) -> None:
    one, again = make(np.random.default_rng(seed), size), make(np.random.default_rng(seed), size)
    assert one.shape == (size, size, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_an_overlay_changes_the_cell_for_good(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.full(CELL.shape, 255, np.uint8) - CELL  # differs from the cell everywhere but in middle grey
    laid = overlay(CELL, picture, rng)
    assert laid.shape == CELL.shape
    assert laid.dtype == np.uint8
    assert np.abs(laid.astype(int) - CELL).mean() > 5


def test_a_damaged_cell_is_not_the_cell() -> None:
    for seed in range(30):
        broken = damaged(CELL, np.random.default_rng(seed))
        assert np.abs(broken.astype(int) - CELL).mean() > 10


def test_writing_on_a_ground_keeps_most_of_it() -> None:
    ground = np.full((96, 96, 3), 200, np.uint8)
    written = writing(np.random.default_rng(1), ground=ground)
    changed = (np.abs(written.astype(int) - 200) > 30).any(axis=-1).mean()
    assert 0.01 < changed < 0.7


def test_fractal_noise_is_rougher_for_a_smaller_slope() -> None:
    def roughness(slope: float) -> float:
        field = fractal(np.random.default_rng(0), 64, slope)
        assert field.min() == 0
        assert field.max() == pytest.approx(1)
        return float(np.abs(np.diff(field, axis=0)).mean())

    assert roughness(0) > 1.5 * roughness(1) > 3 * roughness(2)


def test_a_corner_shows_the_edge_and_not_the_middle() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[35:65, 35:65] = 255
    for seed in range(20):
        assert corner(image, np.random.default_rng(seed)).max() == 0
