"""The paired bootstrap: scores of several models on the same images, and whether they differ (Efron 1979)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from hemascope.evaluate.bootstrap import Score, interval, resampled
from hemascope.evaluate.metrics import from_confusion
from hemascope.evaluate.proportion import share_interval
from hemascope.jeffreys import FEWEST

SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "recall",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
}
"""Name of a score -> the measure of the classes that it is the mean of."""

RESAMPLES = 4000
"""More than for an interval alone: the smallest p value that can be told is 2 / (resamples + 1)."""

CERTAIN = 0.05
"""A difference is claimed below this p value."""


class Difference(NamedTuple):
    """A difference of two scores on the same images.

    Attributes:
        value: score minus that of the reference.
        low, high: its 95% interval.
        p: two-sided: how often chance alone would make it so far from 0.
        adjusted: the same, after Holm's correction (1979) for all that were compared with the reference.
    """

    value: float
    low: float
    high: float
    p: float
    adjusted: float

    @property
    def certain(self) -> bool:
        """Whether a difference may be claimed: its interval does not hold 0, nor does the corrected p value object."""
        return (self.low > 0 or self.high < 0) and self.adjusted < CERTAIN


@dataclass(frozen=True)
class Measured:
    """The scores of one model, and of the resamples that it shares with the others.

    Attributes:
        values: name -> score on all images; NaN where it cannot be measured.
        spread: name -> float64 (resamples,); row i is the same resample for every model.
        images: number of images.
        groups: number of groups; ``images`` where no image is a copy of another.
    """

    values: dict[str, float]
    spread: dict[str, np.ndarray]
    images: int
    groups: int

    def score(self, name: str) -> Score:
        """A score with its interval.

        The accuracy is a proportion and has Jeffreys' interval. Where there are copies its images are not each for
        itself, so the interval is that of drawing groups; where all are right or none is, which no draw can change,
        it is Jeffreys' for as many images as there are groups.
        """
        value = self.values[name]
        if name == "accuracy" and (self.groups == self.images or value in (0, 1)):
            return share_interval(round(value * self.groups), self.groups)
        return interval(value, self.spread[name])


def measure(
    targets: np.ndarray,
    predicted: Sequence[np.ndarray],
    groups: np.ndarray,
    classes: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Measured]:
    """Score several models on the same images and on the same resamples of them.

    Groups are drawn, not images: copies of one image are no further evidence.

    Args:
        targets: true class numbers, int (n,), all >= 0, n >= 1.
        predicted: of each model, class numbers int (n,).
        groups: the group of each image, int (n,); below 0: a group of its own.
        classes: number of classes k.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    >>> a, b = measure(np.array([0, 1, 1]), [np.array([0, 1, 0]), np.array([0, 0, 0])], np.array([-1, -1, -1]), 2)
    >>> round(a.values["accuracy"], 3), round(b.values["balanced_accuracy"], 3)
    (0.667, 0.5)
    """
    alone = groups < 0
    own = np.where(alone, groups.max(initial=-1) + np.cumsum(alone), groups)
    _, group = np.unique(own, return_inverse=True)
    n = int(group.max()) + 1
    counts = [
        sparse.csr_matrix((np.ones(len(targets), np.float32), (targets * classes + said, group)), (classes**2, n))
        for said in predicted
    ]

    def scores(draws: np.ndarray) -> dict[str, np.ndarray]:
        return {
            f"{model} {name}": values
            for model, cells in enumerate(counts)
            for name, values in _scores((cells @ draws.T).T, classes).items()
        }

    whole = scores(np.ones((1, n), np.float32))
    spread = resampled(n, scores, resamples, seed)
    return [
        Measured(
            {name: float(whole[f"{model} {name}"][0]) for name in SCORES},
            {name: spread[f"{model} {name}"] for name in SCORES},
            len(targets),
            n,
        )
        for model in range(len(predicted))
    ]


def differences(others: Sequence[Measured], reference: Measured, name: str) -> list[Difference]:
    """By how much each of several models differs from a reference in one score."""
    found = []
    for other in others:
        by = other.spread[name] - reference.spread[name]
        gained = interval(other.values[name] - reference.values[name], by, difference=True)
        value, low, high = gained if other.groups >= FEWEST else gained.without_interval()
        found.append((value, low, high, _p_value(by)))
    adjusted = holm([part[3] for part in found])
    return [Difference(*part, after) for part, after in zip(found, adjusted, strict=True)]


def holm(p: Sequence[float]) -> list[float]:
    """P values corrected for being several, so that one false claim among them stays rare (Holm 1979).

    >>> holm([0.01, 0.04, 0.5])
    [0.03, 0.08, 0.5]
    """
    order = np.argsort(p, kind="stable")
    steps = np.array([p[place] * (len(p) - rank) for rank, place in enumerate(order)])
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(p) else steps
    return [float(value) for value in corrected]


def _scores(cells: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Scores (b,) of confusion counts (b, k * k); a class without images is left out of the means."""
    measured = from_confusion(cells.reshape(-1, classes, classes).astype(np.float64))
    return {name: np.nanmean(measured[column], axis=1) for name, column in SCORES.items()}


def _p_value(differences: np.ndarray) -> float:
    """Twice the share of resamples on the rarer side of 0, the measured data counted as one of them."""
    known = differences[np.isfinite(differences)]
    side = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (1 + side) / (1 + len(known)))
