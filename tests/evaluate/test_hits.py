import numpy as np
import pytest

from hemascope.evaluate.hits import hit_scores
from hemascope.evaluate.metrics import score


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
    gain = hit_scores(second - first, targets)["accuracy"]
    alone = hit_scores(first, targets)["accuracy"]
    assert gain.value == pytest.approx(second.mean() - first.mean(), abs=1e-6)
    assert gain.high - gain.low < 0.5 * (alone.high - alone.low)
    assert hit_scores(first - first, targets)["accuracy"] == (0.0, 0.0, 0.0)


def test_a_class_without_images_is_left_out():
    assert hit_scores(np.array([1.0, 0.0]), np.array([0, 3]))["balanced_accuracy"].value == 0.5
    with pytest.raises(ValueError, match="nothing to score"):
        hit_scores(np.zeros(0), np.zeros(0, int))
