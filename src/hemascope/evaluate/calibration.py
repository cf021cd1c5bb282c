"""Calibration: does a confidence of 90% mean right nine times in ten?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from hemascope.evaluate.predictions import softmax

BOUNDS = (0.05, 20.0)
"""Temperatures outside are never chosen."""


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, by bins of equal width; arrays of shape (bins,).

    Attributes:
        confidence: mean confidence of the bin's images, NaN where it has none.
        accuracy: share of them that is right, NaN where it has none.
        count: number of images.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature that makes the probabilities of these images likeliest.

    One number divides all logits, so the predicted classes stay (Guo et al. 2017, "On calibration of modern neural
    networks"). The negative log-likelihood is convex in 1/T: there is one optimum. Where no image is wrong it lies at
    T = 0, which would claim certainty; then T is chosen so that the mean confidence is (n + 1) / (n + 2), the rule of
    succession: n right answers out of n support no more.

    Args:
        logits: float (n, k).
        targets: class numbers, int (n,); negative ones (unlabelled) are left out.

    Returns:
        A temperature within ``BOUNDS``; 1.0 where no image has a label.

    >>> sure = np.array([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    >>> round(fit_temperature(sure, np.array([0, 0, 1, 1])), 2)  # 3 of 4 right: log(3) = 9 / T
    8.19
    """
    targets = np.asarray(targets)
    logits = np.asarray(logits, np.float64)[targets >= 0]
    targets = targets[targets >= 0]
    if not len(targets):
        return 1.0
    if not np.isfinite(logits).all():
        raise ValueError("logits that are not finite cannot be calibrated")
    logits = logits - logits.max(axis=1, keepdims=True)  # the largest is 0: the true one is <= 0
    true = logits[np.arange(len(targets)), targets]

    if (true == 0).all():
        supported = (len(targets) + 1) / (len(targets) + 2)
        return _scan(lambda log_t: float(abs(softmax(logits / np.exp(log_t)).max(axis=1).mean() - supported)))

    def loss(log_t: float) -> float:
        scale = np.exp(-log_t)
        return float(np.mean(special.logsumexp(logits * scale, axis=1) - true * scale))

    return _scan(loss)


def _scan(loss: Callable[[float], float]) -> float:
    low, high = np.log(BOUNDS)
    found = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-5})
    return float(np.clip(np.exp(found.x), *BOUNDS))


def negative_log_likelihood(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean of -log p(true class), natural logarithm; probabilities (n, k), targets int (n,) all >= 0; NaN if n = 0."""
    if not len(targets):
        return float("nan")
    true = np.asarray(probabilities, np.float64)[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(true, np.finfo(np.float64).tiny)).mean())


def reliability(probabilities: np.ndarray, targets: np.ndarray, bins: int = 15) -> Reliability:
    """Group images by confidence, as in Guo et al. 2017: ``bins`` bins of equal width, bin m = ((m-1)/bins, m/bins].

    Args:
        probabilities: float (n, k).
        targets: class numbers, int (n,), all >= 0.
        bins: number of bins; 15 is the field's custom.
    """
    probabilities = np.asarray(probabilities, np.float64)
    confidence = probabilities.max(axis=1, initial=0.0)
    right = probabilities.argmax(axis=1) == targets
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = count > 0
    means = [
        np.divide(np.bincount(place, values, bins), count, out=np.full(bins, np.nan), where=filled)
        for values in (confidence, right)
    ]
    return Reliability(means[0], means[1], count)


def expected_calibration_error(curve: Reliability) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their images; 0 is best, 1 worst.

    Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning". NaN without images.

    >>> p = np.array([[0.9, 0.1]] * 10)
    >>> round(expected_calibration_error(reliability(p, np.array([0] * 8 + [1] * 2))), 3)  # says 90%, is 80%
    0.1
    """
    total = curve.count.sum()
    if not total:
        return float("nan")
    return float(np.nansum(np.abs(curve.accuracy - curve.confidence) * curve.count) / total)
