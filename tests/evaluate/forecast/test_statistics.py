import numpy as np
import pytest

from hemascope.evaluate.forecast import statistics
from hemascope.evaluate.forecast.views import Judged

SCORES = np.array([0.4, 0.6, 0.8, 0.9])


def test_threshold_leaves_as_many_below_as_are_wrong():
    for wrong in range(5):
        limit = statistics.threshold(SCORES, np.arange(4) >= wrong)
        assert statistics.average_thresholded_confidence(SCORES, limit) == pytest.approx(1 - wrong / 4)


def test_difference_of_confidences():
    assert statistics.difference_of_confidences(SCORES - 0.1, SCORES, 0.95) == pytest.approx(0.85)
    assert statistics.difference_of_confidences(SCORES + 0.1, SCORES, 0.95) == 1


def test_statistics_of_two_views():
    upright = np.array([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5], [0.9, 0.1]])
    said = Judged(upright, upright[[1, 1, 2, 3]])
    assert statistics.agreement(said) == 0.75
    assert statistics.cross_view_confidence(said) == pytest.approx((0.3 + 0.7 + 0.5 + 0.9) / 4)
    assert statistics.confidence(said).tolist() == [0.8, 0.7, 0.5, 0.9]
    assert statistics.proportions(said).tolist() == [0.75, 0.25]
