import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from hemascope.evaluate.proportion import confusion_shares, share_interval


@pytest.mark.parametrize(("right", "images"), [(0, 2), (1, 2), (10, 10), (28, 29), (300, 1000), (999_999, 1_000_000)])
def test_it_is_jeffreys(right, images):
    expected = stats.beta(right + 0.5, images - right + 0.5).ppf([0.025, 0.975])
    score = share_interval(right, images)
    assert score.low == pytest.approx(0 if right == 0 else expected[0], rel=1e-6)
    assert score.high == pytest.approx(1 if right == images else expected[1], rel=1e-6)


def test_one_image_or_none_has_no_interval():
    assert share_interval(1, 1).value == 1
    assert share_interval(0, 1).value == 0
    assert np.isnan(share_interval(1, 1)[1:]).all()
    assert np.isnan(share_interval(0, 0)).all()


@given(st.integers(2, 3000), st.floats(0, 1))
def test_never_one_point_and_always_around_the_share(images, share):
    right = round(share * images)
    score = share_interval(right, images)
    assert 0 <= score.low <= score.value <= score.high <= 1
    assert score.low < score.high
    mirrored = share_interval(images - right, images)
    assert mirrored.low == pytest.approx(1 - score.high, abs=1e-9)


def test_as_often_right_as_it_says():
    """The share of 95% intervals that hold the truth, by the binomial's own weights.

    At 0.95 all 20 are right 36 times in 100, and then the bootstrap's interval is one point that does not hold it.
    """
    for truth in (0.5, 0.8, 0.95, 0.98):
        n = 20
        found = [share_interval(right, n) for right in range(n + 1)]
        held = np.array([score.low <= truth <= score.high for score in found])
        assert (stats.binom(n, truth).pmf(np.arange(n + 1)) * held).sum() > 0.91


@given(st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=3, max_size=3))
def test_values_are_those_of_the_counts(counts):
    confusion = np.array(counts)
    confusion[0, 0] += 1
    true = np.repeat(np.arange(9) // 3, confusion.ravel())
    said = np.repeat(np.arange(9) % 3, confusion.ravel())
    accuracy, classes = confusion_shares(confusion)
    assert accuracy.value == pytest.approx(sk.accuracy_score(true, said))
    expected = sk.precision_recall_fscore_support(true, said, labels=[0, 1, 2], zero_division=0)
    for c, scores in enumerate(classes):
        for name, column in zip(("precision", "recall", "f1"), expected, strict=False):
            if confusion[c].sum():
                assert scores[name].value == pytest.approx(column[c])
                assert np.isnan(scores[name].low) or scores[name].low <= scores[name].value <= scores[name].high
            else:
                assert np.isnan(scores[name]).all()
