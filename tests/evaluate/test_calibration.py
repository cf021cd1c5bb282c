import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.evaluate.calibration import (
    BOUNDS,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
)
from hemascope.evaluate.predictions import softmax

from .conftest import logits_for


def drawn(n: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax at ``temperature`` is exactly how the targets were drawn."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (n, 4))
    p = softmax(logits / temperature)
    return logits, (p.cumsum(axis=1) > generator.random((n, 1))).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_finds_the_temperature_that_made_the_labels(temperature):
    assert fit_temperature(*drawn(20_000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_is_the_optimum():
    logits, targets = drawn(300, 2.0)
    best = fit_temperature(logits, targets)
    losses = [negative_log_likelihood(softmax(logits / (best * f)), targets) for f in (0.9, 0.99, 1.0, 1.01, 1.1)]
    assert np.argmin(losses) == 2


def test_all_right_claims_no_more_than_the_images_support():
    logits = np.array([[30.0, 0.0]] * 98)
    temperature = fit_temperature(logits, np.zeros(98, int))
    assert softmax(logits / temperature)[:, 0].mean() == pytest.approx(0.99, abs=1e-4)


def test_all_right_and_too_modest_is_sharpened():
    assert fit_temperature(np.array([[1.0, 0.0]] * 98), np.zeros(98, int)) == pytest.approx(1 / np.log(99), rel=1e-3)


def test_all_wrong_stays_within_bounds():
    assert fit_temperature(np.array([[5.0, 0.0]] * 9), np.ones(9, int)) == pytest.approx(BOUNDS[1], rel=1e-3)


def test_equal_logits_and_no_labels():
    assert BOUNDS[0] <= fit_temperature(np.zeros((5, 3)), np.zeros(5, int)) <= BOUNDS[1]
    assert fit_temperature(np.ones((2, 3)), np.array([-1, -1])) == 1.0
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


def test_unlabelled_images_count_for_nothing():
    logits, targets = drawn(500, 2.0)
    more = np.r_[logits, np.full((50, 4), 7.0)], np.r_[targets, np.full(50, -1)]
    assert fit_temperature(*more) == fit_temperature(logits, targets)


@given(seed=st.integers(0, 1000), n=st.integers(1, 60), margin=st.floats(-5, 30), scale=st.floats(0.01, 100))
def test_never_makes_the_likelihood_worse_and_stays_within_bounds(seed, n, margin, scale):
    targets = np.random.default_rng(seed).integers(0, 5, n)
    logits = logits_for(targets, 5, margin, seed) * scale
    best = fit_temperature(logits, targets)
    assert BOUNDS[0] <= best <= BOUNDS[1]
    if (logits.argmax(axis=1) != targets).any():
        bounded = min(BOUNDS, key=lambda t: negative_log_likelihood(softmax(logits / t), targets))
        for other in (1.0, bounded):
            loss = negative_log_likelihood(softmax(logits / other), targets)
            assert negative_log_likelihood(softmax(logits / best), targets) <= loss * (1 + 1e-3) + 1e-6


def test_reliability_by_hand():
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.5, 0.5]])
    curve = reliability(p, np.array([0, 1, 1, 0]), bins=10)
    assert curve.count.tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0, 2]  # 0.5 falls into (0.4, 0.5]
    assert curve.accuracy[[4, 5, 9]].tolist() == [1.0, 0.0, 0.5]
    assert curve.confidence[9] == pytest.approx(0.95)
    assert np.isnan(curve.accuracy[0])
    assert expected_calibration_error(curve) == pytest.approx((0.5 + 0.55 + 2 * 0.45) / 4)


def test_negative_log_likelihood_by_hand():
    p = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert negative_log_likelihood(p, np.array([0, 0])) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert np.isfinite(negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])))


def test_calibrating_lowers_the_error():
    logits, targets = drawn(5000, 3.0)
    before = expected_calibration_error(reliability(softmax(logits), targets))
    after = expected_calibration_error(reliability(softmax(logits / fit_temperature(logits, targets)), targets))
    assert before > 0.15
    assert after < 0.03


@given(seed=st.integers(0, 1000), n=st.integers(1, 80), margin=st.floats(-5, 50), bins=st.integers(1, 30))
def test_ece_is_a_share_and_no_image_is_lost(seed, n, margin, bins):
    targets = np.random.default_rng(seed).integers(0, 5, n)
    curve = reliability(softmax(logits_for(targets, 5, margin, seed)), targets, bins)
    assert curve.count.sum() == n
    assert 0 <= expected_calibration_error(curve) <= 1


def test_nothing_to_measure_is_nan():
    assert np.isnan(expected_calibration_error(reliability(np.zeros((0, 3)), np.zeros(0, int))))
    assert np.isnan(negative_log_likelihood(np.zeros((0, 3)), np.zeros(0, int)))
