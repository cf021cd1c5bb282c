"""Statistics of a set of images that need no labels, each of which says something about the accuracy on it."""

import numpy as np

from hemascope.evaluate.forecast.views import Judged


def confidence(judged: Judged) -> np.ndarray:
    """Probability of the predicted class, float (n,)."""
    return judged.upright.max(axis=1)


def threshold(scores: np.ndarray, right: np.ndarray) -> float:
    """The threshold of average thresholded confidence (ATC; Garg et al. 2022).

    Args:
        scores: confidence of labelled images, float (n,).
        right: which of them are right, bool (n,).

    Returns:
        A confidence that as large a share of the images exceeds as is right.

    >>> threshold(np.array([0.5, 0.6, 0.8, 0.9]), np.array([False, True, True, True]))
    0.55
    """
    ranked = np.sort(scores)
    wrong = int(len(right) - right.sum())
    if wrong == 0:
        return float(ranked[0] / 2)
    if wrong == len(ranked):
        return float((ranked[-1] + 1) / 2)
    return float((ranked[wrong - 1] + ranked[wrong]) / 2)


def average_thresholded_confidence(scores: np.ndarray, limit: float) -> float:
    """The share of images whose confidence exceeds the threshold: ATC's estimate of the accuracy."""
    return float((scores > limit).mean())


def difference_of_confidences(scores: np.ndarray, clean_scores: np.ndarray, clean_accuracy: float) -> float:
    """Accuracy on clean images less the loss of mean confidence (DoC; Guillory et al. 2021), kept within 0 .. 1."""
    return float(np.clip(clean_accuracy - (clean_scores.mean() - scores.mean()), 0, 1))


def agreement(judged: Judged) -> float:
    """Share of the images that are called the same upright and mirrored."""
    return float((judged.upright.argmax(axis=1) == judged.mirrored.argmax(axis=1)).mean())


def cross_view_confidence(judged: Judged) -> float:
    """Mean probability, in the mirrored view, of the class predicted upright: agreement counted by confidence."""
    predicted = judged.upright.argmax(axis=1)[:, None]
    return float(np.take_along_axis(judged.mirrored, predicted, axis=1).mean())


def proportions(judged: Judged) -> np.ndarray:
    """Share of the images called each class, float (k,)."""
    return np.bincount(judged.upright.argmax(axis=1), minlength=judged.upright.shape[1]) / len(judged)
