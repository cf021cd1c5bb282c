import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from hemascope.train.boosting.samme import chance, votes, weigh


def test_rounds_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 150)
    points = targets[:, None] + rng.normal(0, 0.9, (150, 4))
    theirs = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=6, learning_rate=0.7, random_state=0)
    theirs.fit(points, targets)
    weights, sums = np.full(150, 1 / 150), np.zeros((150, 3))
    for number, tree in enumerate(theirs.estimators_):
        weighed = weigh(weights, tree.predict(points) != targets, 3, learning_rate=0.7)
        assert weighed.error == pytest.approx(theirs.estimator_errors_[number])
        assert weighed.alpha == pytest.approx(theirs.estimator_weights_[number])
        sums += weighed.alpha * votes(tree.predict_proba(points), "classes")
        weights = weighed.weights
    np.testing.assert_array_equal(sums.argmax(1), theirs.predict(points))


@given(st.lists(st.booleans(), min_size=2, max_size=40), st.integers(2, 9))
def test_wrong_examples_gain_weight_where_the_learner_beats_chance(wrong: list[bool], classes: int) -> None:
    mask = np.array(wrong)
    weights = np.full(len(mask), 1 / len(mask))
    weighed = weigh(weights, mask, classes)
    assert weighed.weights.sum() == pytest.approx(1)
    assert np.isfinite(weighed.alpha)
    if 0 < weighed.error < chance(classes) - 1e-9:
        assert weighed.alpha > 0
        assert weighed.weights[mask].min() > weighed.weights[~mask].max()


def test_a_learner_at_chance_has_no_vote() -> None:
    weighed = weigh(np.full(4, 0.25), np.array([True, True, True, False]), 4)
    assert (weighed.error, chance(4)) == (0.75, 0.75)
    assert weighed.alpha == pytest.approx(0)


def test_votes_by_class_and_by_probability() -> None:
    said = np.array([[0.2, 0.5, 0.3]])
    assert votes(said, "classes").tolist() == [[0, 1, 0]]
    assert votes(said, "probabilities") is said
