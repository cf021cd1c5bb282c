"""The bootstrap: how far a score would move with other images of the same kind (Efron 1979)."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95
_NUMBERS_AT_ONCE = 4_000_000  # bounds the memory of one block of resamples


class Score(NamedTuple):
    """A measured value and its 95% interval; all NaN where it cannot be measured."""

    value: float
    low: float
    high: float


def resampled(
    n: int, measure: Callable[[np.ndarray], dict[str, np.ndarray]], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, np.ndarray]:
    """Measure resamples of n images, drawn with replacement, without copying an image.

    Args:
        n: number of images.
        measure: takes how often each image was drawn, float32 (b, n), and gives named arrays (b, ...).
        resamples: how many resamples in all.
        seed: the same seed draws the same resamples.

    Returns:
        The named arrays of all resamples, (resamples, ...).
    """
    parts = [measure(draws) for draws in _draws(n, resamples, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draws(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    block = max(1, _NUMBERS_AT_ONCE // max(n, 1))
    for start in range(0, resamples, block):
        b = min(block, resamples - start)
        places = generator.integers(0, n, (b, n), dtype=np.int64) + np.arange(b)[:, None] * n
        yield np.bincount(places.ravel(), minlength=b * n).reshape(b, n).astype(np.float32)


def interval(value: float, values: np.ndarray, level: float = LEVEL) -> Score:
    """The percentile interval of resampled values (b,), NaN ones (a class fell out of the resample) left out.

    The bootstrap of a curved measure can lie to one side of the measured value; the interval is then widened to
    contain it.

    >>> tuple(round(part, 3) for part in interval(0.5, np.linspace(0, 1, 1001)))
    (0.5, 0.025, 0.975)
    """
    values = values[np.isfinite(values)]
    if not np.isfinite(value) or not len(values):
        return Score(value, value, value)
    low, high = np.quantile(values, ((1 - level) / 2, (1 + level) / 2))
    return Score(float(value), float(min(low, value)), float(max(high, value)))


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
