import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from hemascope.evaluate.metrics import BY_CLASS, OVERALL, _Counter, score
from hemascope.evaluate.predictions import softmax
from hemascope.evaluate.proportion import share_interval

from .conftest import logits_for


def made(n: int, k: int = 8, margin: float = 4.0, seed: int = 0, ties: bool = False):
    targets = np.random.default_rng(seed + 1).integers(0, k, n)
    p = softmax(logits_for(targets, k, margin, seed))
    if ties:
        p = np.round(p, 1)
    return targets, p.argmax(axis=1), p


def by_hand(targets, predicted, p):
    """Every score by scikit-learn, on images as they are."""
    k = p.shape[1]
    found = sk.precision_recall_fscore_support(targets, predicted, labels=np.arange(k), zero_division=0)
    present = np.bincount(targets, minlength=k) > 0
    aucs = [sk.roc_auc_score(targets == c, p[:, c]) if present[c] else np.nan for c in range(k)]
    return {
        "accuracy": [sk.accuracy_score(targets, predicted)],
        **{name: np.where(present, column, np.nan) for name, column in zip(BY_CLASS, found[:3], strict=False)},
        "auc": aucs,
    }


def test_values_are_scikit_learns():
    targets, predicted, p = made(500)
    scores = score(targets, predicted, p, resamples=10).overall
    assert scores["accuracy"].value == pytest.approx(sk.accuracy_score(targets, predicted))
    assert scores["balanced_accuracy"].value == pytest.approx(sk.balanced_accuracy_score(targets, predicted))
    assert scores["f1"].value == pytest.approx(sk.f1_score(targets, predicted, average="macro"))
    assert scores["precision"].value == pytest.approx(sk.precision_score(targets, predicted, average="macro"))
    assert scores["auc"].value == pytest.approx(sk.roc_auc_score(targets, p, multi_class="ovr"))


def test_by_hand():
    #            true 0 0 0 1 1 2, predicted 0 0 1 1 1 0
    targets, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    scores = score(targets, predicted, np.eye(3)[predicted], resamples=10)
    assert scores.confusion.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert [c["recall"].value for c in scores.by_class] == pytest.approx([2 / 3, 1, 0])
    assert [c["precision"].value for c in scores.by_class] == pytest.approx([2 / 3, 2 / 3, 0])  # 2 was never said
    assert scores.overall["f1"].value == pytest.approx((2 / 3 + 0.8 + 0) / 3)
    assert scores.by_class[0]["auc"].value == pytest.approx(2 / 3)  # 4 of 9 pairs right, 4 tied


@pytest.mark.parametrize("ties", [False, True])
def test_a_resample_scores_as_if_its_images_were_copied(ties):
    """The counting that makes the bootstrap fast, against scikit-learn on the drawn images themselves."""
    targets, predicted, p = made(120, k=4, margin=2.0, ties=ties)
    draws = np.random.default_rng(5).multinomial(120, np.full(120, 1 / 120), size=6).astype(np.float32)
    fast = _Counter(targets, predicted, p).measure(draws)
    for b in range(6):
        copies = np.repeat(np.arange(120), draws[b].astype(int))
        for name, expected in by_hand(targets[copies], predicted[copies], p[copies]).items():
            np.testing.assert_allclose(fast[name][b], expected, rtol=1e-12)


def test_the_interval_is_the_one_of_plain_resampling():
    targets, predicted, p = made(300, margin=3.0)
    fast = score(targets, predicted, p, resamples=2000).overall
    generator = np.random.default_rng(9)
    slow = []
    for _ in range(500):
        drawn = generator.integers(0, 300, 300)
        slow.append(
            (
                sk.accuracy_score(targets[drawn], predicted[drawn]),
                sk.f1_score(targets[drawn], predicted[drawn], average="macro"),
            )
        )
    for name, (low, high) in zip(("accuracy", "f1"), np.quantile(slow, (0.025, 0.975), axis=0).T, strict=True):
        assert fast[name].low == pytest.approx(low, abs=0.015)
        assert fast[name].high == pytest.approx(high, abs=0.015)


def test_an_absent_class_is_nan_and_left_out_of_the_means():
    targets, predicted, p = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]), np.eye(3)[[0, 2, 1, 1]]
    scores = score(targets, predicted, p, resamples=50)
    assert all(np.isnan(scores.by_class[2][name].value) for name in BY_CLASS)
    assert scores.overall["recall"].value == pytest.approx(0.75)  # of (0.5, 1.0)
    assert scores.overall["precision"].value == pytest.approx(1.0)
    assert scores.overall["auc"].value == pytest.approx((0.75 + 1.0) / 2)


def test_one_class_only_has_no_auc():
    scores = score(np.zeros(5, int), np.zeros(5, int), np.tile([0.9, 0.1], (5, 1)), resamples=20)
    assert np.isnan(scores.overall["auc"].value)
    assert scores.overall["accuracy"] == share_interval(5, 5)
    assert scores.overall["accuracy"].low == pytest.approx(0.6206, abs=1e-4)


def test_all_right_is_no_certainty_and_one_image_gives_no_interval():
    targets = np.repeat([0, 1], [9, 1])
    scores = score(targets, targets, np.eye(2)[targets], resamples=200)
    assert scores.overall["accuracy"][1:] == pytest.approx((0.7828, 1.0), abs=1e-4)
    assert scores.by_class[0]["recall"] == share_interval(9, 9)
    for alone in ("precision", "recall", "f1"):
        assert scores.by_class[1][alone].value == 1
        assert np.isnan(scores.by_class[1][alone][1:]).all()
    for name in ("balanced_accuracy", "f1", "precision", "recall", "auc"):  # no resample differs
        assert scores.overall[name].value == 1
        assert np.isnan(scores.overall[name][1:]).all()


def test_the_seed_decides():
    data = made(200)
    assert score(*data, seed=1).overall == score(*data, seed=1).overall
    assert score(*data, seed=1).overall != score(*data, seed=2).overall


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 60), k=st.integers(2, 6), margin=st.floats(-3, 8), ties=st.booleans()
)
def test_intervals_contain_values_and_order_changes_nothing(seed, n, k, margin, ties):
    data = made(n, k, margin, seed, ties)
    first = score(*data, resamples=50)
    order = np.random.default_rng(seed).permutation(n)
    assert str(score(*(part[order] for part in data), resamples=50)) == str(first)  # as text: NaN is not NaN
    for scores in (first.overall, *first.by_class):
        for value, low, high in scores.values():
            assert np.isnan(low) == np.isnan(high)
            assert np.isnan(low) or (0 <= low <= value <= high <= 1 and low < high)
            assert n > 1 or np.isnan(low)
    assert set(first.overall) == set(OVERALL)


def test_nothing_to_score():
    with pytest.raises(ValueError, match="no image"):
        score(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)))


def test_fast_enough_for_a_large_table():
    data = made(20_000, margin=2.0)
    start = time.perf_counter()
    score(*data)
    assert time.perf_counter() - start < 15
