import numpy as np
import pytest

from hemascope.evaluate.forecast.estimator import cross_check, fit_estimator
from tests.evaluate.forecast.made_up import judged, reference, targets_of


@pytest.fixture(scope="module")
def fitted():
    return fit_estimator(reference())


@pytest.mark.parametrize("margin", [1.5, 2.5, 4.0, 6.0])
def test_predicts_new_images_where_confidence_misleads(fitted, margin):
    estimator, _ = fitted
    targets = targets_of(2000, seed=9)
    said = judged(targets, margin, seed=99)
    accuracy = (said.upright.argmax(axis=1) == targets).mean()
    score = estimator.predict(said)
    assert score.value == pytest.approx(accuracy, abs=0.05)
    assert score.low <= accuracy <= score.high
    if margin < 3:
        assert said.upright.max(axis=1).mean() - accuracy > 0.04


def test_weights_are_not_negative_so_that_more_confidence_never_predicts_less(fitted):
    estimator, _ = fitted
    assert (estimator.weights >= 0).all()
    values = [estimator.predict(judged(targets_of(500), margin)).value for margin in (1, 2, 3, 4)]
    assert values == sorted(values)


def test_few_images_and_a_widening_widen_the_interval(fitted):
    estimator, _ = fitted

    def width(n: int, **options: float) -> float:
        score = estimator.predict(judged(targets_of(n), 2.5), **options)
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
