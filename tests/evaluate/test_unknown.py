import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hemascope.evaluate.unknown import Mahalanobis, auroc, energy, max_softmax


@pytest.mark.parametrize("digits", [1, 8])
def test_the_area_is_scikit_learns_with_and_without_ties(digits):
    rng = np.random.default_rng(0)
    known, foreign = rng.normal(0, 1, 300).round(digits), rng.normal(1, 1, 200).round(digits)
    expected = roc_auc_score([0] * 300 + [1] * 200, np.concatenate([known, foreign]))
    assert auroc(known, foreign).value == pytest.approx(expected)


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    truth = auroc(rng.normal(0, 1, 20_000), rng.normal(1.5, 1, 20_000)).value
    found = [auroc(rng.normal(0, 1, 150), rng.normal(1.5, 1, 100)) for _ in range(400)]
    assert np.mean([score.low <= truth <= score.high for score in found]) == pytest.approx(0.95, abs=0.03)


def test_no_picture_or_one_is_no_error():
    assert np.isnan(auroc(np.array([]), np.ones(3)).value)
    assert auroc(np.zeros(1), np.ones(1)) == (1, 1, 1)


def test_baselines_rise_where_the_network_is_unsure():
    logits = np.array([[9.0, 0, 0], [2.0, 1, 0], [0.0, 0, 0]])
    for score in (max_softmax, energy):
        assert (np.diff(score(logits)) > 0).all()
    assert max_softmax(logits)[2] == pytest.approx(2 / 3)
    assert energy(logits)[2] == pytest.approx(-np.log(3))


def test_mahalanobis_is_its_definition():
    rng = np.random.default_rng(2)
    features, targets = rng.normal(size=(400, 3)) * [1, 5, 0.1], np.repeat([0, 4], 200)
    features[targets == 4] += [0, 40, 0]
    score = Mahalanobis(features, targets, shrinkage=0)
    rest = np.concatenate([features[targets == c] - features[targets == c].mean(0) for c in (0, 4)])
    inverse = np.linalg.inv(rest.T @ rest / 400)
    point = np.array([2.0, 30, 0.3])
    expected = min(d @ inverse @ d for d in (point - features[targets == c].mean(0) for c in (0, 4)))
    assert score(point[None])[0] == pytest.approx(expected)
