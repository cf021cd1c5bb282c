import numpy as np
import pytest

from hemascope.evaluate import bootstrap


def test_every_resample_draws_n_images(monkeypatch):
    monkeypatch.setattr(bootstrap, "_NUMBERS_AT_ONCE", 35)  # blocks of 3, the last one of 1
    found = bootstrap.resampled(11, lambda draws: {"size": draws.sum(axis=1), "first": draws[:, 0]}, resamples=10)
    assert found["size"].tolist() == [11.0] * 10
    assert found["first"].shape == (10,)


def test_draws_vary_as_they_should():
    """How often one image is drawn: mean 1, variance 1 - 1/n."""
    draws = bootstrap.resampled(50, lambda draws: {"draws": draws}, resamples=4000)["draws"]
    assert draws.mean() == 1
    assert draws.var(axis=0).mean() == pytest.approx(1 - 1 / 50, rel=0.03)


def test_interval_leaves_out_what_cannot_be_measured():
    values = np.r_[np.linspace(0, 1, 101), np.full(50, np.nan)]
    assert bootstrap.interval(0.5, values) == pytest.approx((0.5, 0.025, 0.975))
    assert np.isnan(bootstrap.interval(float("nan"), values)).all()
    assert bootstrap.interval(0.5, np.array([np.nan])) == (0.5, 0.5, 0.5)


def test_interval_is_widened_to_its_value():
    assert bootstrap.interval(0.9, np.linspace(0, 0.5, 101)).high == 0.9
