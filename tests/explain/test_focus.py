import numpy as np
import pytest

from hemascope.explain.by_gradient import GradCamExplainer
from hemascope.explain.focus import mean_score, measure_focus
from hemascope.explain.recolour import COLOURS, augmented
from hemascope.explain.study import focus_numbers
from hemascope.report.explain_words import focus_words
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
    other = measure_focus(explainer, 8, recolour=lambda images: augmented(images, COLOURS, seed=1))
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
    changed = augmented(square, COLOURS, seed=0)
    assert not np.array_equal(changed, square)
    for image in changed:
        assert np.ptp(image[8:24, 8:24].reshape(-1, 3).astype(int), axis=0).max() == 0
