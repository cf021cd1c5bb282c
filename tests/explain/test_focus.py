import numpy as np
import pytest

from hemascope.data.smears import draw
from hemascope.explain.changed import augmented, colours
from hemascope.explain.drawing import overlay
from hemascope.explain.focus import agreement, heat_share, mean_score, measure_focus, sharpest
from hemascope.explain.grad_cam import GradCamExplainer
from hemascope.explain.study import focus_numbers, focus_words
from tests.explain.networks import BRIGHT, DARK, by_hand

CLASSES = ("neutrophil", "platelet")


def looking_at(weights):
    """A network that always says the same: what these weights make of the colours."""
    network = by_hand(weights, (0.0, 0.0, 0.0))
    network.head.bias.data[0] = 100.0
    return GradCamExplainer(network, CLASSES, "by hand")


def test_a_network_that_looks_at_the_background_shows():
    cell, background = (measure_focus(looking_at(weights), 16) for weights in (DARK, BRIGHT))
    assert mean_score(cell.plain).low > cell.area.mean() > mean_score(background.plain).high
    assert "looks at the cell more" in focus_words(focus_numbers(cell))[0]
    assert "looks past the cell" in focus_words(focus_numbers(background))[0]
    assert cell.change is None


def test_recoloured_smears_are_the_same_ones():
    explainer = looking_at(DARK)
    same = measure_focus(explainer, 8, recolour=lambda images: images)
    np.testing.assert_array_equal(same.change, np.zeros(8))
    other = measure_focus(explainer, 8, recolour=lambda images: augmented(images, colours(), seed=1))
    assert other.change.any()
    np.testing.assert_array_equal(other.plain, same.plain)
    assert "With other colours" in focus_words(focus_numbers(other))[1]


def test_by_class_and_without_heat():
    focus = measure_focus(looking_at(DARK), 16)
    assert focus.right.tolist() == [label == "neutrophil" for label in focus.labels]
    numbers = focus_numbers(focus)
    assert numbers["neutrophil"]["images"] == 2
    assert numbers["neutrophil"]["right"]["value"] == 1
    assert numbers["all"]["plain"]["value"] == pytest.approx(np.mean(focus.plain), abs=1e-5)
    nothing = measure_focus(looking_at((0.0, 0.0, 0.0)), 8)
    assert np.isnan(nothing.plain).all()
    assert "nothing to measure" in focus_words(focus_numbers(nothing))[0]


def test_colours_move_nothing():
    square = np.full((4, 32, 32, 3), 230, np.uint8)
    square[:, 8:24, 8:24] = 90, 40, 120
    changed = augmented(square, colours(), seed=0)
    assert not np.array_equal(changed, square)
    for image in changed:
        assert np.ptp(image[8:24, 8:24].reshape(-1, 3).astype(int), axis=0).max() == 0


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
