from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from hemascope.errors import RunError
from hemascope.train.boosting.ledger import BoostingLog, Ledger, chance, read_boosting, votes, weigh
from hemascope.train.recipe import Boosting
from tests.told import Told

TARGETS = np.array([0, 1, 2, 3] * 5)
VAL = np.array([0, 1, 2, 3])
SURE = np.eye(4)


def learner(wrong: int) -> np.ndarray:
    """Classes of which the first few are wrong."""
    said = TARGETS.copy()
    said[:wrong] = (said[:wrong] + 1) % 4
    return said


def ledger(rounds: int = 5) -> Ledger:
    return Ledger(Boosting(over="networks", rounds=rounds), TARGETS, VAL)


def test_rounds_are_entered_and_told() -> None:
    books = ledger()
    assert books.add(learner(4), SURE, 2.0)
    assert books.add(TARGETS[[*range(18), 0, 0]], SURE[[1, 0, 2, 3]], 3.0)
    first, second = books.log.rounds
    assert first.error == pytest.approx(0.2)
    assert first.train_accuracy == pytest.approx(0.8)
    assert (first.val_accuracy, second.val_accuracy) == (1.0, 0.5)
    assert books.next == 3
    assert not books.log.stopped
    told = Told()
    books.tell_round(told)
    assert told.said[0].startswith("round 2/5  error ")


def test_the_first_learner_must_beat_chance() -> None:
    with pytest.raises(RunError, match=r"learner 1 is no better than chance \(error 0\.750, guessing 0\.750\).*longer"):
        ledger().add(learner(15), SURE, 1.0)


def test_a_later_learner_no_better_than_chance_ends_the_boosting() -> None:
    books = ledger()
    books.add(learner(2), SURE, 1.0)
    assert not books.add(learner(20), SURE, 1.0)
    assert len(books.log.rounds) == len(books.alphas) == 1
    assert "learner 2 is no better than chance" in books.log.stopped


def test_a_learner_without_a_mistake_ends_the_boosting_unless_it_was_the_last() -> None:
    books = ledger()
    assert books.add(learner(0), SURE, 1.0)
    assert "no mistake" in books.log.stopped
    last = ledger(rounds=1)
    assert last.add(learner(0), SURE, 1.0)
    assert not last.log.stopped


def test_the_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    books = ledger()
    books.add(learner(3), SURE, 1.5)
    books.log.write(tmp_path)
    assert read_boosting(tmp_path) == books.log
    assert read_boosting(tmp_path / "none") is None
    file = tmp_path / "boosting.json"
    file.write_text(file.read_text().replace('"format_version": 1', '"format_version": 9'))
    with pytest.raises(RunError, match="newer hemascope"):
        read_boosting(tmp_path)
    file.write_text('{"format_version": 1}')
    with pytest.raises(RunError, match="cannot be read"):
        read_boosting(tmp_path)


def test_an_empty_log_is_a_log(tmp_path: Path) -> None:
    BoostingLog("features", 3, 0.5).write(tmp_path)
    assert read_boosting(tmp_path) == BoostingLog("features", 3, 0.5)


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
