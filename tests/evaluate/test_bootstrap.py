import numpy as np
import pytest

from hemascope.evaluate import bootstrap
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.hits import hit_gains, hit_scores
from hemascope.evaluate.metrics import score
from hemascope.evaluate.proportion import share_interval


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
    assert np.isnan(bootstrap.interval(0.5, np.array([np.nan]))[1:]).all()


def test_resamples_that_are_all_alike_are_no_interval():
    """Ten images that are all right: every resample is all right, and that is no certainty."""
    found = bootstrap.interval(1.0, np.ones(1000))
    assert found.value == 1
    assert np.isnan(found[1:]).all()
    assert bootstrap.interval(0.0, np.zeros(1000), difference=True) == (0.0, 0.0, 0.0)
    assert Score.from_json(found.to_json()).to_json() == {"value": 1.0, "low": None, "high": None}


def test_interval_is_widened_to_its_value():
    assert bootstrap.interval(0.9, np.linspace(0, 0.5, 101)).high == 0.9


def test_agrees_with_the_metrics_of_single_predictions():
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 4, 300)
    predicted = np.where(generator.random(300) < 0.8, targets, 0)
    measured = hit_scores(predicted == targets, targets)
    expected = score(targets, predicted, np.eye(4)[predicted]).overall
    for name, found in measured.items():
        assert found.value == pytest.approx(expected[name].value, abs=1e-6)
        assert found.low == pytest.approx(expected[name].low, abs=0.02)
        assert found.high == pytest.approx(expected[name].high, abs=0.02)


def test_copies_of_an_image_count_as_one_image():
    hits = np.random.default_rng(0).random(100) < 0.7
    targets = np.arange(100) % 3
    once = hit_scores(hits.astype(float), targets)["accuracy"]
    # Five copies that agree bring nothing new: the interval must not shrink.
    shares = np.repeat(hits[:, None], 5, axis=1).mean(axis=1)
    assert hit_scores(shares, targets)["accuracy"] == once


def test_a_paired_difference_is_narrower_than_two_scores():
    generator = np.random.default_rng(1)
    targets = generator.integers(0, 3, 400)
    first = (generator.random(400) < 0.7).astype(float)
    second = np.where(generator.random(400) < 0.03, 1.0, first)
    gain = hit_gains(second - first, targets)["accuracy"]
    alone = hit_scores(first, targets)["accuracy"]
    assert gain.value == pytest.approx(second.mean() - first.mean(), abs=1e-6)
    assert gain.high - gain.low < 0.5 * (alone.high - alone.low)
    assert hit_gains(first - first, targets)["accuracy"] == (0.0, 0.0, 0.0)


def test_one_image_gives_no_interval():
    for found in (hit_scores(np.ones(1), np.zeros(1, int)), hit_gains(np.ones(1), np.zeros(1, int))):
        assert found["accuracy"].value == found["balanced_accuracy"].value == 1
        assert np.isnan([score[1:] for score in found.values()]).all()


def test_whole_hits_are_a_proportion_and_shares_of_copies_are_not():
    targets = np.arange(10) % 2
    assert hit_scores(np.ones(10), targets)["accuracy"] == share_interval(10, 10)
    shares = np.r_[np.ones(9), 0.5]
    assert hit_scores(shares, targets)["accuracy"].value == pytest.approx(0.95)
    assert 0.8 < hit_scores(shares, targets)["accuracy"].low < 0.95


def test_a_class_without_images_is_left_out():
    assert hit_scores(np.array([1.0, 0.0]), np.array([0, 3]))["balanced_accuracy"].value == 0.5
    with pytest.raises(ValueError, match="nothing to score"):
        hit_scores(np.zeros(0), np.zeros(0, int))
