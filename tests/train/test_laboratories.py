import numpy as np
import pytest

from hemascope.train.laboratories import absent_classes, draw_weights
from hemascope.train.recipe import Balance, Laboratories

PLACES = np.repeat([0, 1, -1], [80, 16, 4])
TARGETS = np.concatenate([np.arange(80) % 4, np.arange(16) % 2, [0, 0, 0, 1]])


def share(weights: np.ndarray, chosen: np.ndarray) -> float:
    return float(weights[chosen].sum() / weights.sum())


@pytest.mark.parametrize(("strength", "shares"), [(0.0, (0.8, 0.16, 0.04)), (1.0, (1 / 3, 1 / 3, 1 / 3))])
def test_laboratories_are_drawn_by_strength(strength: float, shares: tuple[float, ...]) -> None:
    weights = draw_weights(PLACES, TARGETS, Laboratories(strength=strength), Balance())
    assert [share(weights, place == PLACES) for place in (0, 1, -1)] == pytest.approx(shares)
    assert len(np.unique(weights[PLACES == -1])) == 1


def test_classes_are_balanced_within_each_laboratory() -> None:
    weights = draw_weights(PLACES, TARGETS, Laboratories(strength=1), Balance(name="uniform"))
    nameless = PLACES == -1
    assert share(weights, nameless) == pytest.approx(1 / 3)
    assert share(weights, nameless & (TARGETS == 1)) == pytest.approx(1 / 6)


def test_absent_classes_are_those_of_the_own_laboratory() -> None:
    absent = absent_classes(PLACES, TARGETS, 5)
    assert np.unique(absent[PLACES == 0], axis=0).tolist() == [[False, False, False, False, True]]
    assert np.unique(absent[PLACES == 1], axis=0).tolist() == [[False, False, True, True, True]]
    assert not absent[PLACES == -1].any()
