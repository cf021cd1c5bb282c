import numpy as np
import pytest

from hemascope.evaluate.conformal import fit_sets
from hemascope.predict.card import class_sets


def cells(n, k=4, seed=0, sharp=1.0):
    """Probabilities that are right about themselves, and targets drawn from them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([sharp] * k, n)
    return p, (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)


def by_hand(p, y, coverage, seed):
    """The mass by Romano et al. 2020: the ceil((n + 1) coverage)-th smallest of the probability before the true class
    and a random part of its own."""
    u = np.random.RandomState(seed).uniform(size=len(y))
    scores = [row[row > row[t]].sum() + (1 - part) * row[t] for row, t, part in zip(p, y, u, strict=True)]
    return np.sort(scores)[int(np.ceil((len(y) + 1) * coverage)) - 1]


def test_the_masses_are_those_of_the_definition():
    p, y = cells(801)
    found = fit_sets(p, y, seed=3)
    half = np.random.default_rng(3).permutation(801)[:400]
    expected = [by_hand(p[half], y[half], level, seed=3) for level in found["levels"]]
    np.testing.assert_allclose(found["masses"], expected, atol=1e-9)
    assert found["images"] == 401


def test_new_cells_are_covered_as_stated():
    found = fit_sets(*cells(4000))
    p, y = cells(20_000, seed=1)
    for level, mass, measured, size in zip(
        found["levels"], found["masses"], found["measured"], found["size"], strict=True
    ):
        sets = class_sets(p, "0123", mass)
        coverage = np.mean([str(target) in names for target, names in zip(y, sets, strict=True)])
        assert coverage > level - 0.02
        assert measured == pytest.approx(coverage, abs=0.03)
        assert size == pytest.approx(np.mean([len(names) for names in sets]), abs=0.1)


def test_unlabelled_images_are_left_out():
    p, y = cells(400)
    more = np.concatenate([p, np.full((50, 4), 0.25)])
    assert fit_sets(more, np.r_[y, np.full(50, -1)])["images"] == 200


def test_too_few_images_offer_lower_coverages_or_none():
    p, y = cells(60)
    assert fit_sets(p, y)["levels"] == [0.8, 0.9, 0.95]
    assert fit_sets(p[:4], y[:4]) == {}


def test_a_class_without_an_image_and_float32_are_no_trouble():
    p, y = cells(300)
    y[y == 3] = 0
    assert len(fit_sets(p.astype(np.float32), y)["masses"]) == 5


def test_a_network_that_is_nearly_always_right_gives_its_doubtful_cells_large_sets():
    rng = np.random.default_rng(0)
    p = np.full((800, 8), 0.001 / 7)
    p[np.arange(800), rng.integers(0, 8, 800)] = 0.999
    y = p.argmax(axis=1)
    found = fit_sets(p, y)
    assert found["measured"] == [1.0] * 5
    doubtful = np.array([[0.27, 0.22, 0.21, 0.1, 0.1, 0.05, 0.03, 0.02]])
    for level, mass in zip(found["levels"], found["masses"], strict=True):
        (names,) = class_sets(doubtful, "abcdefgh", mass)
        assert len(names) >= 4, level


def test_doubtful_cells_are_covered_too():
    found = fit_sets(*cells(4000, sharp=0.1))
    p, y = cells(10_000, seed=1, sharp=0.1)
    doubtful = p.max(axis=1) < 0.6
    for level, mass in zip(found["levels"], found["masses"], strict=True):
        sets = class_sets(p[doubtful], "0123", mass)
        held = np.mean([str(target) in names for target, names in zip(y[doubtful], sets, strict=True)])
        assert held > level - 0.01
