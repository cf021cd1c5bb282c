import numpy as np
import pytest

from hemascope.evaluate.shift.spread import spread


def test_means_of_settings_and_of_classes():
    hits = np.array([[1, 1], [1, 0], [0, 0], [1, 1]], bool)
    found = spread(hits, np.array([0, 0, 0, 1]), {"both": np.array([True, True]), "first": np.array([True, False])})
    assert found["both"]["accuracy"].value == pytest.approx(5 / 8)
    assert found["both"]["balanced_accuracy"].value == pytest.approx((3 / 6 + 1) / 2)
    assert found["first"]["balanced_accuracy"].value == pytest.approx((2 / 3 + 1) / 2)
    for scores in found.values():
        for score in scores.values():
            assert 0 <= score.low <= score.value <= score.high <= 1


def test_settings_that_fail_on_the_same_images_tell_no_more_than_one():
    generator = np.random.default_rng(0)
    one = generator.random(200) < 0.8
    other = generator.random((200, 10)) < 0.8
    targets = np.zeros(200, int)
    everything = {"all": np.ones(10, bool)}

    def width(hits: np.ndarray) -> float:
        score = spread(hits, targets, everything)["all"]["accuracy"]
        return score.high - score.low

    assert width(np.repeat(one[:, None], 10, axis=1)) == pytest.approx(3.92 * one.std() / np.sqrt(200), rel=0.15)
    assert width(other) < width(np.repeat(one[:, None], 10, axis=1)) / 2
