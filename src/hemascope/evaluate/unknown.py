"""How well scores tell unknown objects from known cells, and the usual scores to compare with; higher is stranger."""

import numpy as np
from scipy import special

from hemascope.evaluate.bootstrap import Score

_NORMAL = 1.959964  # standard deviations of a 95% interval


def auroc(known: np.ndarray, foreign: np.ndarray) -> Score:
    """The area under the ROC curve: how often a foreign picture scores above a known cell, ties counting half.

    With the 95% interval of DeLong, DeLong and Clarke-Pearson 1988, cut to [0, 1].

    Args:
        known: scores of known cells, float (n,).
        foreign: scores of pictures of none of the classes, float (m,).

    >>> auroc(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.35, 0.5])).value
    0.875
    """
    if not len(known) or not len(foreign):
        return Score(float("nan"), float("nan"), float("nan"))
    above, below = _share_below(foreign, known), 1 - _share_below(known, foreign)
    value = float(above.mean())
    variance = sum(part.var(ddof=1) / len(part) for part in (above, below) if len(part) > 1)
    reach = _NORMAL * float(np.sqrt(variance))
    return Score(value, max(0.0, value - reach), min(1.0, value + reach))


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each score the share of others below it, equal ones counting half."""
    order = np.sort(others)
    return (np.searchsorted(order, scores, "left") + np.searchsorted(order, scores, "right")) / (2 * len(order))


def max_softmax(logits: np.ndarray) -> np.ndarray:
    """1 - the largest probability, float (n,), of logits (n, k); Hendrycks and Gimpel 2017."""
    return 1 - special.softmax(np.asarray(logits, np.float64), axis=1).max(axis=1)


def energy(logits: np.ndarray) -> np.ndarray:
    """The free energy -log sum exp, float (n,), of logits (n, k); Liu et al. 2020."""
    return -special.logsumexp(np.asarray(logits, np.float64), axis=1)


class Mahalanobis:
    """Squared distance to the nearest class mean, one covariance for all classes; Lee et al. 2018.

    Args:
        features: float (n, d) of known cells.
        targets: class numbers, int (n,).
        shrinkage: of the covariance towards a multiple of the unit matrix, in [0, 1].
    """

    def __init__(self, features: np.ndarray, targets: np.ndarray, shrinkage: float = 0.01) -> None:
        features = np.asarray(features, np.float64)
        classes, places = np.unique(targets, return_inverse=True)
        self.means = np.stack([features[targets == c].mean(axis=0) for c in classes])
        rest = features - self.means[places]
        covariance = rest.T @ rest / len(rest)
        d = len(covariance)
        covariance = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / d * np.eye(d)
        self.whiten = np.linalg.inv(np.linalg.cholesky(covariance)).T

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Distances, float (n,), of features float (n, d)."""
        white = np.asarray(features, np.float64) @ self.whiten
        return np.min([((white - mean) ** 2).sum(axis=1) for mean in self.means @ self.whiten], axis=0)
