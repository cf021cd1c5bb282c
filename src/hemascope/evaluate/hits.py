"""Scores that are means of hits: is an image right, which share of its copies is, or what does another model gain."""

import numpy as np

from hemascope.evaluate.bootstrap import RESAMPLES, Score, interval, resampled
from hemascope.evaluate.proportion import share_interval
from hemascope.jeffreys import FEWEST

SCORES = ("accuracy", "balanced_accuracy")


def hit_scores(hits: np.ndarray, targets: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Score]:
    """Accuracy and balanced accuracy (mean over the classes present) with 95% intervals over images.

    Where each image is wholly right or wrong, the accuracy is a proportion and has Jeffreys' interval. Where an image
    counts by the share of its copies, those stay together and the interval is the bootstrap's, as that of the balanced
    accuracy always is.

    Args:
        hits: float (n,), how much of image i is right: 0 or 1, or the share of its copies.
        targets: true class numbers, int (n,), all >= 0, n >= 1.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    >>> scores = hit_scores(np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 1, 1]))
    >>> scores["accuracy"].value, scores["balanced_accuracy"].value
    (0.75, 0.75)
    """
    found = _means(hits, targets, resamples, seed, difference=False)
    if np.isin(hits, (0, 1)).all():
        found["accuracy"] = share_interval(int(np.count_nonzero(hits)), len(hits))
    return found


def hit_gains(
    gained: np.ndarray, targets: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Score]:
    """The difference of two models in both scores, paired by image, with 95% bootstrap intervals.

    Both scores are means of hits, so a difference of hits gives the difference of the scores: of two models on the same
    images, or of one model on clean and on transformed ones.

    Args:
        gained: float (n,), the hits of one minus those of the other.
        targets: true class numbers, int (n,), all >= 0, n >= 1.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    >>> hit_gains(np.array([1.0, 0.0, 0.0, -1.0]), np.array([0, 0, 1, 1]))["accuracy"].value
    0.0
    """
    found = _means(gained, targets, resamples, seed, difference=True)
    return found if len(gained) >= FEWEST else {name: score.without_interval() for name, score in found.items()}


def _means(hits: np.ndarray, targets: np.ndarray, resamples: int, seed: int, *, difference: bool) -> dict[str, Score]:
    if not len(hits):
        raise ValueError("there is nothing to score: no image")
    classes = np.eye(int(targets.max()) + 1)[targets]
    hits = np.asarray(hits, np.float64)

    def measure(draws: np.ndarray) -> dict[str, np.ndarray]:
        support = draws @ classes
        found = draws @ (classes * hits[:, None])
        present = support > 0
        recall = np.divide(found, support, out=np.zeros_like(found), where=present)
        return {"accuracy": draws @ hits / len(hits), "balanced_accuracy": recall.sum(axis=1) / present.sum(axis=1)}

    values = measure(np.ones((1, len(hits)), np.float32))
    spread = resampled(len(hits), measure, resamples, seed)
    return {name: interval(float(values[name][0]), spread[name], difference=difference) for name in SCORES}
