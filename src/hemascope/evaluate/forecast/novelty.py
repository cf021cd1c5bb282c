"""How unlike everything the reference showed a folder is: then its prediction is a guess beyond what was learnt."""

from dataclasses import dataclass

import numpy as np

from hemascope.evaluate.forecast import statistics
from hemascope.evaluate.forecast.estimator import Estimator
from hemascope.evaluate.forecast.reference import Reference
from hemascope.evaluate.forecast.views import Judged

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


def novelty(judged: Judged, reference: Reference, estimator: Estimator) -> Novelty:
    """Compare a folder with the reference by what the model says of both."""
    cloud = np.stack([estimator.logits(part) for part in reference.judged])
    middle = cloud.mean(axis=0)
    precision = np.linalg.inv(np.cov(cloud.T) + _NOISE * np.eye(cloud.shape[1]))

    def distance(point: np.ndarray) -> float:
        away = point - middle
        return float(np.sqrt(away @ precision @ away))

    classes = judged.upright.shape[1]
    true = np.bincount(reference.targets, minlength=classes) / len(reference)

    def variation(part: Judged) -> float:
        return float(np.abs(statistics.proportions(part) - true).sum() / 2)

    farthest = max(distance(point) for point in cloud)
    most = max(variation(part) for part in reference.judged)
    # A folder of few images has other proportions by chance alone.
    chance = float(np.sqrt(true * (1 - true) / len(judged)).sum() / 2)
    return Novelty(
        distance(estimator.logits(judged)) / farthest, max(0.0, variation(judged) - chance) / max(most, _MIXED_ANYWHERE)
    )
