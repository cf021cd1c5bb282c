import numpy as np
import pytest

from hemascope.evaluate.conformal import fit_sets
from hemascope.predict.card import class_sets


def cells(n, k=4, seed=0, sharp=1.0):
    """Probabilities that are right about themselves, and targets drawn from them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([sharp] * k, n)
    return p, np.array([rng.choice(k, p=row) for row in p])


def by_hand(p, y, coverage):
    """The LAC threshold from its definition: 1 - the ceil((n + 1) coverage)-th smallest of 1 - p(true)."""
    scores = np.sort(1 - p[np.arange(len(y)), y])
    return 1 - scores[int(np.ceil((len(y) + 1) * coverage)) - 1]


def test_the_thresholds_are_those_of_the_definition():
    p, y = cells(801)
    found = fit_sets(p, y, seed=3)
    half = np.random.default_rng(3).permutation(801)[:400]
    expected = [by_hand(p[half], y[half], level) for level in found["coverage"]]
    np.testing.assert_allclose(found["thresholds"], expected, atol=1e-9)
    assert found["images"] == 401


def test_new_cells_are_covered_as_stated():
    found = fit_sets(*cells(4000))
    p, y = cells(20_000, seed=1)
    for level, threshold, measured, size in zip(
        found["coverage"], found["thresholds"], found["measured"], found["size"], strict=True
    ):
        sets = class_sets(p, "0123", threshold)
        coverage = np.mean([str(target) in names for target, names in zip(y, sets, strict=True)])
        assert coverage == pytest.approx(level, abs=0.02) or coverage > level
        assert measured == pytest.approx(coverage, abs=0.03)
        assert size == pytest.approx(np.mean([len(names) for names in sets]), abs=0.1)


def test_unlabelled_images_are_left_out():
    p, y = cells(400)
    more = np.concatenate([p, np.full((50, 4), 0.25)])
    assert fit_sets(more, np.r_[y, np.full(50, -1)])["images"] == 200


def test_too_few_images_offer_lower_coverages_or_none():
    p, y = cells(60)
    assert fit_sets(p, y)["coverage"] == [0.8, 0.9, 0.95]
    assert fit_sets(p[:4], y[:4]) == {}


def test_a_class_without_an_image_and_float32_are_no_trouble():
    p, y = cells(300)
    y[y == 3] = 0
    assert len(fit_sets(p.astype(np.float32), y)["thresholds"]) == 5
