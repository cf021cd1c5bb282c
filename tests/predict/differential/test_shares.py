"""The shares behind the labels, on labels drawn from known shares and confusions."""

import numpy as np
import pytest

from hemascope.predict.differential.confusion import Confusion
from hemascope.predict.differential.shares import estimate

TRULY = np.array([[0.9, 0.1, 0.0], [0.0, 0.8, 0.2], [0.05, 0.0, 0.95]])
EACH = np.arange(3)


def confusion(rng, cells=100, flagged=(0, 0, 0)):
    """Counts of so many labelled cells a class."""
    flags = np.array([rng.binomial(cells, rate) for rate in flagged])
    counts = [rng.multinomial(cells - flag, row) for flag, row in zip(flags, TRULY, strict=True)]
    return Confusion(np.array(counts, float), flags.astype(float))


def held(low, value, high):
    return low <= value <= high


def test_many_cells_give_the_shares_that_confused_labels_hide():
    shares = np.array([0.6, 0.3, 0.1])
    called = 100_000 * shares @ TRULY
    exact = Confusion(1e6 * TRULY, np.zeros(3))
    assert np.abs(called / called.sum() - shares).max() > 0.04
    assert estimate(called, exact).best == pytest.approx(shares, abs=1e-3)
    assert estimate(called, None).best == pytest.approx(called / called.sum())


def test_a_class_that_is_flagged_more_often_counts_more():
    exact = Confusion(1000 * np.diag([0.5, 1.0, 1.0]), np.array([500.0, 0, 0]))
    assert estimate(np.array([50.0, 50, 50]), exact).best == pytest.approx([0.5, 0.25, 0.25], abs=2e-3)


def test_intervals_hold_the_truth_where_those_of_plain_counts_do_not():
    rng = np.random.default_rng(0)
    right, plain = [], []
    for _ in range(40):
        shares = rng.dirichlet(np.ones(3))
        cells = rng.multinomial(300, shares)
        called = sum(rng.multinomial(n, row) for n, row in zip(cells, TRULY, strict=True)).astype(float)
        for found, which in ((right, estimate(called, confusion(rng))), (plain, estimate(called, None))):
            parts = [which.part(number == EACH, EACH >= 0) for number in EACH]
            found += [held(low, share, high) for (_, low, high), share in zip(parts, shares, strict=True)]
    assert 0.9 <= np.mean(right) <= 1
    assert np.mean(plain) < 0.75


def test_intervals_grow_with_doubt_and_are_never_narrower_than_chance():
    rng = np.random.default_rng(1)
    called = np.array([60.0, 30, 10])

    def widths(confused):
        _, low, high = np.array([estimate(called, confused).part(number == EACH, EACH >= 0) for number in EACH]).T
        return high - low

    few, many, none = widths(confusion(rng, 10)), widths(confusion(rng, 1000)), widths(None)
    assert (few > many).all()
    assert (many >= 0.95 * none).all()
    # nothing is called the second class though cells of the first should be, by mistake: it may still be there
    _, low, high = estimate(np.array([1000.0, 0, 0]), Confusion(100 * TRULY, np.zeros(3))).part(EACH == 1, EACH >= 0)
    assert low == 0
    assert high > 0.001


def test_what_is_not_there_has_an_interval_from_nothing_on():
    value, low, high = estimate(np.array([100.0, 0]), None).part(np.array([False, True]), np.array([True, True]))
    assert (value, low) == (0, 0)
    assert 0.01 < high < 0.05
    often = Confusion(np.array([[99.0, 1], [0, 100]]), np.zeros(2))
    called = estimate(np.array([99.0, 1]), often)
    assert called.part(np.array([True, False]), np.array([True, True]))[2] == 1
    assert called.part(np.array([False, True]), np.array([True, True]))[1] == 0
    assert estimate(np.array([0.0, 7]), None).part(np.array([False, True]), np.array([True, False])) is None


def test_the_same_counts_give_the_same_interval():
    called = np.array([5.0, 6, 7])
    part = (EACH == 0, EACH >= 0)
    assert estimate(called, None).part(*part) == estimate(called, None).part(*part)
