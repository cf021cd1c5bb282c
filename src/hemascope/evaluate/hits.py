"""Accuracy from hits by image, so that the copies of an image stay together and two models meet the same images."""

import numpy as np

from hemascope.evaluate.bootstrap import RESAMPLES, Score, interval, resampled

SCORES = ("accuracy", "balanced_accuracy")


def hit_scores(hits: np.ndarray, targets: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Score]:
    """Accuracy and balanced accuracy (mean over the classes present) with 95% bootstrap intervals over images.

    Both are means of hits, so a difference of hits gives the difference of the scores: the paired comparison of two
    models on the same images, or of one model on clean and on transformed ones.

    Args:
        hits: float (n,), how much of image i is right: 0 or 1, the share of its copies, or a difference of such.
        targets: true class numbers, int (n,), all >= 0, n >= 1.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    >>> scores = hit_scores(np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 1, 1]))
    >>> scores["accuracy"].value, scores["balanced_accuracy"].value
    (0.75, 0.75)
    """
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
    return {name: interval(float(values[name][0]), spread[name]) for name in SCORES}
