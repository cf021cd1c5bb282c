import numpy as np

from hemascope.evaluate.forecast.estimator import fit_estimator
from hemascope.evaluate.forecast.novelty import GREATEST_WIDENING, Novelty, novelty
from tests.evaluate.forecast.made_up import judged, reference, targets_of


def test_images_of_the_same_kind_are_not_novel_and_few_are_forgiven_their_chance():
    known = reference()
    estimator, _ = fit_estimator(known)
    assert novelty(judged(targets_of(500, seed=3), 3.0), known, estimator).widening == 1
    alone, one = np.zeros(300, int), np.zeros(1, int)
    assert novelty(judged(alone, 4.0), known, estimator).proportions > 1
    assert novelty(judged(one, 4.0), known, estimator).proportions < 1


def test_widening_is_the_greater_distance_and_never_narrows():
    assert Novelty(0.2, 0.3).widening == 1
    assert Novelty(0.2, 1.7).widening == 1.7
    assert Novelty(2.5, 1.7).widening == 2.5
    assert Novelty(2.5, 99.0).widening == GREATEST_WIDENING
