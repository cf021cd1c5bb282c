import numpy as np
import pytest
from scipy import special

from hemascope.evaluate.forecast.interval import prediction_interval, share_interval


def test_share_is_never_certain():
    assert share_interval(0, 10).low == 0
    assert share_interval(0, 10).high == pytest.approx(0.17, abs=0.02)
    assert share_interval(10, 10).low == pytest.approx(0.83, abs=0.02)


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
