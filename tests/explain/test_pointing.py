import numpy as np
import pytest

from hemascope.data.smears import draw
from hemascope.explain.agreement import agreement
from hemascope.explain.drawing import overlay
from hemascope.explain.pointing import heat_share, sharpest


def test_even_heat_has_the_share_of_the_area():
    masks = np.stack([draw(0, index, 32).mask for index in range(8)])
    np.testing.assert_allclose(heat_share(np.ones(masks.shape, np.float32), masks), masks.mean((1, 2)))


def test_a_map_that_follows_the_cell_has_all_of_it_unless_it_is_coarse():
    masks = np.stack([draw(0, index, 32).mask for index in range(8)])
    fine, middling, coarse = (heat_share(sharpest(masks, side), masks) for side in (32, 8, 3))
    np.testing.assert_allclose(fine, 1)
    assert (fine > middling).all()
    assert (middling > coarse).all()
    assert (coarse > masks.mean((1, 2))).all()


def test_agreement_of_equal_opposite_and_empty_maps():
    ramp = np.arange(100.0).reshape(1, 10, 10)
    assert [part[0] for part in agreement(ramp, ramp**2)] == pytest.approx([1, 1])
    assert [part[0] for part in agreement(ramp, -ramp)] == pytest.approx([-1, 0])
    assert np.isnan([part[0] for part in agreement(ramp, np.zeros_like(ramp))]).all()
    spots = np.zeros((2, 10, 10))
    spots[0, 2, 2] = spots[1, 7, 7] = 1
    assert agreement(spots[:1], spots[1:]).overlap == 0


def test_no_heat_leaves_the_picture_as_it_is():
    image = draw(0, 1, 32).image
    heat = np.zeros((32, 32), np.float32)
    np.testing.assert_array_equal(overlay(image, heat), image)
    heat[:16] = 1
    changed = overlay(image, heat)
    np.testing.assert_array_equal(changed[16:], image[16:])
    assert changed[:16, :, 1].mean() > 200
