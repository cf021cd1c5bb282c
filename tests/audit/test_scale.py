import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.audit.scale import robust_z, suspicion, usual


def test_each_image_is_compared_with_its_own_class() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 1, 200), rng.normal(50, 1, 200)])
    classes = np.repeat([0, 1], 200)
    z = robust_z(values, classes, floor=0.1)
    assert np.abs(z).max() < 6
    values[0] = 50  # usual for the other class
    assert robust_z(values, classes, floor=0.1)[0] > 30


def test_a_small_class_is_compared_with_all() -> None:
    values, classes = np.arange(100.0), np.array([1] * 5 + [0] * 95)
    np.testing.assert_allclose(usual(values, classes)[:5], 49.5)


def test_the_floor_keeps_equal_images_from_being_odd() -> None:
    values = np.full(50, 3.0)
    values[7] = 3.001
    assert robust_z(values, np.zeros(50), floor=0.05)[7] == pytest.approx(0.02)


def test_unknown_values_stay_unknown_and_are_not_suspicious() -> None:
    values = np.array([1.0, np.nan, 2.0])
    z = robust_z(values, np.zeros(3), floor=0.1)
    assert np.isnan(z[1])
    assert suspicion(z, 6, 1)[1] == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.floats(-10, 10), st.floats(0.1, 5))
def test_suspicion_rises_with_the_excess_and_is_a_half_at_the_limit(
    excess: list[float], limit: float, width: float
) -> None:
    score = suspicion(np.sort(excess), limit, width)
    assert ((score >= 0) & (score <= 1)).all()
    assert (np.diff(score) >= 0).all()
    assert suspicion(np.array([limit]), limit, width)[0] == 0.5
