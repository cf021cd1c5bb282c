import numpy as np
import pytest
from scipy import special

from hemascope.evaluate.forecast.estimator import (
    GREATEST_WIDENING,
    Novelty,
    cross_check,
    fit_estimator,
    novelty,
    prediction_interval,
)
from hemascope.evaluate.proportion import share_interval
from tests.evaluate.forecast.made_up import classified, reference, targets_of


@pytest.fixture(scope="module")
def fitted():
    return fit_estimator(reference())


@pytest.mark.parametrize("margin", [1.5, 2.5, 4.0, 6.0])
def test_predicts_new_images_where_confidence_misleads(fitted, margin):
    estimator, _ = fitted
    targets = targets_of(2000, seed=9)
    said = classified(targets, margin, seed=99)
    accuracy = (said.upright.argmax(axis=1) == targets).mean()
    score = estimator.predict(said)
    assert score.value == pytest.approx(accuracy, abs=0.05)
    assert score.low <= accuracy <= score.high
    if margin < 3:
        assert said.upright.max(axis=1).mean() - accuracy > 0.04


def test_weights_are_not_negative_so_that_more_confidence_never_predicts_less(fitted):
    estimator, _ = fitted
    assert (estimator.weights >= 0).all()
    values = [estimator.predict(classified(targets_of(500), margin)).value for margin in (1, 2, 3, 4)]
    assert values == sorted(values)


def test_few_images_and_a_widening_widen_the_interval(fitted):
    estimator, _ = fitted

    def width(n: int, **options: float) -> float:
        score = estimator.predict(classified(targets_of(n), 2.5), **options)
        return score.high - score.low

    assert width(20) > 1.5 * width(2000)
    assert width(2000, widening=3.0) > 1.5 * width(2000)
    assert width(2000, level=0.99) > width(2000)


def test_every_family_is_predicted_without_itself_and_nine_in_ten_are_held(fitted):
    estimator, check = fitted
    assert len(check.settings) == 77
    assert check.mean_absolute_error < 0.03
    assert estimator.spread == check.spread > 0
    whole = reference()
    changed = whole.of([part for part in whole.settings if part.family != "noise"])
    without = cross_check(changed)
    noise = [i for i, part in enumerate(check.settings) if part.family == "light"]
    other = [i for i, part in enumerate(without.settings) if part.family == "light"]
    assert not np.allclose(check.centres[noise], without.centres[other], atol=1e-6)  # noise was learnt from


def test_one_family_is_not_enough():
    whole = reference(40)
    with pytest.raises(ValueError, match="two are needed"):
        cross_check(whole.of([part for part in whole.settings if part.family == "noise"]))


def test_share_is_never_certain():
    assert share_interval(0, 10, 0.9).low == 0
    assert share_interval(0, 10, 0.9).high == pytest.approx(0.17, abs=0.02)
    assert share_interval(10, 10, 0.9).low == pytest.approx(0.83, abs=0.02)


@pytest.mark.parametrize(("rate", "spread"), [(0.9, 0.4), (0.6, 0.2), (0.97, 0.6)])
def test_prediction_interval_holds_nine_in_ten(rate, spread):
    generator = np.random.default_rng(0)
    true = special.expit(special.logit(rate) + spread * generator.standard_normal(4000))
    measured = generator.binomial(150, true) / 150
    score = prediction_interval(float(special.logit(rate)), spread, 150)
    assert score.value == pytest.approx(rate)
    assert 0.87 <= np.mean((measured >= score.low) & (measured <= score.high)) <= 0.98  # whole images only


def test_prediction_interval_stays_a_share():
    score = prediction_interval(8.0, 1.0, 5)
    assert 0 <= score.low < score.value < score.high <= 1


def test_images_of_the_same_kind_are_not_novel_and_few_are_forgiven_their_chance():
    known = reference()
    estimator, _ = fit_estimator(known)
    assert novelty(classified(targets_of(500, seed=3), 3.0), known, estimator).widening == 1
    alone, one = np.zeros(300, int), np.zeros(1, int)
    assert novelty(classified(alone, 4.0), known, estimator).proportions > 1
    assert novelty(classified(one, 4.0), known, estimator).proportions < 1


def test_widening_is_the_greater_distance_and_never_narrows():
    assert Novelty(0.2, 0.3).widening == 1
    assert Novelty(0.2, 1.7).widening == 1.7
    assert Novelty(2.5, 1.7).widening == 2.5
    assert Novelty(2.5, 99.0).widening == GREATEST_WIDENING
