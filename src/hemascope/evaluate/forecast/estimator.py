"""From label-free statistics to accuracy: learnt on the corrupted copies, whose accuracy is known."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, special, stats

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.forecast.reference import CLEAN, Reference, Setting
from hemascope.evaluate.forecast.views import (
    ClassifiedTwice,
    average_thresholded_confidence,
    confidence,
    cross_view_confidence,
    proportions,
    threshold,
)
from hemascope.evaluate.shift.registry import RANDOM

LEVEL = 0.90
"""Of every interval of the predicted score."""


def prediction_interval(centre: float, spread: float, images: int, level: float = LEVEL) -> Score:
    """A predicted share with two errors: that of the prediction, and the chance of which images there are.

    Each side is the root of the sum of both errors' squares on that side (MOVER, Zou and Donner 2008).

    Args:
        centre: logit of the predicted share.
        spread: standard error of the prediction on the logit scale.
        images: of which the share will be measured; their error is Wilson's.
        level: share of such intervals that hold the measured one.
    """
    z = float(stats.norm.ppf((1 + level) / 2))
    value = float(special.expit(centre))
    off_low, off_high = special.expit(centre - z * spread), special.expit(centre + z * spread)
    middle = (value + z**2 / (2 * images)) / (1 + z**2 / images)
    reach = z / (1 + z**2 / images) * math.sqrt(value * (1 - value) / images + z**2 / (4 * images**2))
    low = value - math.hypot(value - off_low, value - (middle - reach))
    high = value + math.hypot(off_high - value, middle + reach - value)
    # Of so many images only whole ones can be right.
    return Score(value, max(0.0, math.floor(low * images) / images), min(1.0, math.ceil(high * images) / images))


STATISTICS = ("thresholded_confidence", "mean_confidence", "cross_view_confidence")
"""The statistics that the estimator weighs, each by itself an estimate of the accuracy."""

RIDGE = 20.0
"""Pull of the weights to their mean: as strong as that many images of which half are right."""

DISPERSION = 0.4
"""Standard deviation, on the logit scale, by which corruptions differ that look the same to the statistics.

It keeps the few corruptions that leave half of the images right from ruling all others by their small relative error.
"""

SMALLEST_SPREAD = 0.1
"""No prediction is surer than this."""


@dataclass(frozen=True)
class Estimator:
    """Accuracy from label-free statistics: logit(accuracy) = intercept + weights . logit(statistics).

    The weights are not negative, so the estimate rises with each statistic.

    Attributes:
        threshold: of average thresholded confidence, chosen over all corrupted copies.
        intercept: of the line.
        weights: float (3,), in the order of ``STATISTICS``.
        images: of the reference; shares are kept half an image away from 0 and 1.
        spread: standard error of a prediction for a corruption that was not seen, on the logit scale.
    """

    threshold: float
    intercept: float
    weights: np.ndarray
    images: int
    spread: float = 0.0

    def statistics(self, said: ClassifiedTwice) -> np.ndarray:
        """The values of ``STATISTICS``, float (3,), each 0 .. 1."""
        scores = confidence(said)
        return np.array(
            [
                average_thresholded_confidence(scores, self.threshold),
                scores.mean(),
                cross_view_confidence(said),
            ]
        )

    def logits(self, said: ClassifiedTwice) -> np.ndarray:
        """Logits of the statistics, float (3,), finite."""
        shares = (self.statistics(said) * self.images + 0.5) / (self.images + 1)
        return special.logit(shares)

    def predict(self, said: ClassifiedTwice, *, widening: float = 1.0, level: float = LEVEL) -> Score:
        """The accuracy to expect on images, with its interval.

        Args:
            said: what the model says of them.
            widening: the standard error is multiplied by it; more than 1 for images unlike the reference.
            level: share of such intervals that hold the accuracy.
        """
        centre = self.intercept + float(self.weights @ self.logits(said))
        return prediction_interval(centre, self.spread * widening, len(said), level)


@dataclass(frozen=True)
class CrossCheck:
    """Every setting predicted by an estimator that saw no corruption of its family.

    Attributes:
        settings: the s settings, without the clean one.
        centres: predicted logits, float (s,).
        accuracy: measured, float (s,).
        images: in each setting.
    """

    settings: tuple[Setting, ...]
    centres: np.ndarray
    accuracy: np.ndarray
    images: int

    @property
    def predicted(self) -> np.ndarray:
        """Predicted accuracy, float (s,)."""
        return special.expit(self.centres)

    @property
    def mean_absolute_error(self) -> float:
        """Mean distance of predicted and measured accuracy."""
        return float(np.abs(self.predicted - self.accuracy).mean())

    @cached_property
    def spread(self) -> float:
        """The standard error on the logit scale, chosen so that 90% of the settings lie within its interval.

        All of the distance counts as the prediction's, also what is the chance of which images there were. One more
        setting than 90% is asked for, because the next one is not among them (conformal prediction, Lei et al. 2018).
        """
        z = float(stats.norm.ppf((1 + LEVEL) / 2))
        # Whole images are right, so half an image's distance is none.
        near, far = (np.clip(self.accuracy * self.images + half, 0.5, self.images - 0.5) for half in (-0.5, 0.5))
        low, high = special.logit(near / self.images), special.logit(far / self.images)
        away = np.sort(np.maximum(0, np.maximum(low - self.centres, self.centres - high)))
        place = min(len(away), int(np.ceil((len(away) + 1) * LEVEL)))
        return max(SMALLEST_SPREAD, float(away[place - 1]) / z)


def fit_estimator(reference: Reference) -> tuple[Estimator, CrossCheck]:
    """Learn how this model's label-free statistics go with its accuracy.

    The spread comes from leaving one family of corruptions out at a time, so that it speaks of kinds of shift that
    were not seen.

    Raises:
        ValueError: fewer than two families of corruptions.
    """
    check = cross_check(reference)
    plain = _fit(reference)
    return Estimator(plain.threshold, plain.intercept, plain.weights, plain.images, check.spread), check


def cross_check(reference: Reference) -> CrossCheck:
    """Predict every family by an estimator fitted to the others; the mixture, made of all, is used for none."""
    families = dict.fromkeys(setting.family for setting in reference.settings if setting.corruption != CLEAN)
    if len(families) < 2:
        raise ValueError("to leave a family of corruptions out, two are needed")
    centres = {}
    for family in families:
        seen = [part for part in reference.settings if part.family not in (family, RANDOM.family)]
        estimator = _fit(reference.of(seen))
        for setting, said in zip(reference.settings, reference.classified, strict=True):
            if setting.family == family:
                centres[setting] = estimator.intercept + float(estimator.weights @ estimator.logits(said))
    kept = [i for i, setting in enumerate(reference.settings) if setting in centres]
    settings = tuple(reference.settings[i] for i in kept)
    values = np.array([centres[setting] for setting in settings])
    return CrossCheck(settings, values, reference.accuracy[kept], len(reference))


def _fit(reference: Reference) -> Estimator:
    """A logistic regression of right answers on the settings' statistics, pulled to the mean of the statistics."""
    right, n = reference.right, len(reference)
    scores = np.stack([confidence(part) for part in reference.classified])
    limit = threshold(scores.ravel(), right.ravel())
    mean = np.full(len(STATISTICS), 1 / len(STATISTICS))
    start = Estimator(limit, 0.0, mean, n)
    x = np.stack([start.logits(part) for part in reference.classified])
    counts = right.sum(axis=1)
    share = (counts + 0.5) / (n + 1)
    weight = 1 / (1 + DISPERSION**2 * n * share * (1 - share))

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        z = values[0] + x @ values[1:]
        away = values[1:] - mean
        likelihood = float(weight @ (n * np.logaddexp(0, z) - counts * z))
        slope = weight * (n * special.expit(z) - counts)
        gradient = np.r_[slope.sum(), x.T @ slope + RIDGE * away / 2]
        return likelihood + RIDGE * float(away @ away) / 4, gradient

    bounds = [(None, None), *[(0, None)] * len(STATISTICS)]
    found = optimize.minimize(loss, np.r_[0.0, mean], jac=True, method="L-BFGS-B", bounds=bounds)
    return Estimator(limit, float(found.x[0]), found.x[1:], n)


GREATEST_WIDENING = 4.0
"""Beyond it an interval says nothing any more."""

_MIXED_ANYWHERE = 0.1  # so much, in total variation, cells are mixed otherwise from slide to slide
_NOISE = 0.05
"""Added to every variance, so that a direction in which the reference hardly varies is not magnified."""


@dataclass(frozen=True)
class Novelty:
    """A folder's distances, each as a multiple of the greatest that any setting of the reference has.

    Attributes:
        confidences: Mahalanobis distance of the logits of the estimator's statistics from the settings' mean. Above
            1 the confidences lie outside all that was seen, or do not go together as they did there.
        proportions: total variation distance of the predicted classes from the true ones of the reference. Above 1
            no corruption moved the predictions so far: other proportions of cells, or cells taken for another class.
    """

    confidences: float
    proportions: float

    @property
    def widening(self) -> float:
        """What the standard error of the prediction is multiplied by: the greater distance, from 1 to 4."""
        return min(GREATEST_WIDENING, max(1.0, self.confidences, self.proportions))


def novelty(said: ClassifiedTwice, reference: Reference, estimator: Estimator) -> Novelty:
    """Compare a folder with the reference by what the model says of both."""
    cloud = np.stack([estimator.logits(part) for part in reference.classified])
    middle = cloud.mean(axis=0)
    precision = np.linalg.inv(np.cov(cloud.T) + _NOISE * np.eye(cloud.shape[1]))

    def distance(point: np.ndarray) -> float:
        away = point - middle
        return float(np.sqrt(away @ precision @ away))

    classes = said.upright.shape[1]
    true = np.bincount(reference.targets, minlength=classes) / len(reference)

    def variation(part: ClassifiedTwice) -> float:
        return float(np.abs(proportions(part) - true).sum() / 2)

    farthest = max(distance(point) for point in cloud)
    most = max(variation(part) for part in reference.classified)
    # A folder of few images has other proportions by chance alone.
    chance = float(np.sqrt(true * (1 - true) / len(said)).sum() / 2)
    return Novelty(
        distance(estimator.logits(said)) / farthest, max(0.0, variation(said) - chance) / max(most, _MIXED_ANYWHERE)
    )
