"""Scores of a classifier, over all images and by class, each with its interval."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn import metrics as sk

from hemascope.evaluate.bootstrap import RESAMPLES, Score, interval, resampled
from hemascope.evaluate.proportion import confusion_shares

OVERALL = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc")
"""Scores over all images; all but accuracy are means over the classes (macro)."""

BY_CLASS = ("precision", "recall", "f1", "auc")


@dataclass(frozen=True)
class Scores:
    """What `score` measures.

    Attributes:
        overall: a Score for every name of ``OVERALL``.
        by_class: k entries, each with a Score for every name of ``BY_CLASS``; NaN for a class without images.
        confusion: counts, int64 (k, k); rows are true, columns predicted.
    """

    overall: dict[str, Score]
    by_class: tuple[dict[str, Score], ...]
    confusion: np.ndarray


def score(
    targets: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Scores:
    """Measure predictions; the values are scikit-learn's.

    Proportions (the accuracy, and precision, recall and F1 by class) have Jeffreys' intervals, the others (means over
    the classes, and AUC) those of resampling the images, or none where no resample differs.
    A class without images is NaN and left out of the means; so it is within a resample that it drops out of.
    Precision and F1 of a class that is present but never predicted are 0. AUC is one class against the rest.
    The order of the images changes nothing, intervals included.

    Args:
        targets: true class numbers, int (n,), all >= 0, n >= 1.
        predicted: predicted class numbers, int (n,).
        probabilities: float (n, k).
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.
    """
    if not len(targets):
        raise ValueError("there is nothing to score: no image")
    order = np.lexsort((*probabilities.T, predicted, targets))
    targets, predicted, probabilities = targets[order], predicted[order], probabilities[order]
    n, k = probabilities.shape

    values = _values(targets, predicted, probabilities)
    counter = _Counter(targets, predicted, probabilities)
    spread = resampled(n, counter.measure, resamples, seed)

    overall = {
        name: interval(float(_mean(values[column])), _mean(spread[column]))
        for name, column in zip(OVERALL, ("accuracy", "recall", "precision", "recall", "f1", "auc"), strict=True)
    }
    confusion = sk.confusion_matrix(targets, predicted, labels=np.arange(k)).astype(np.int64)
    overall["accuracy"], shares = confusion_shares(confusion)
    by_class = tuple(
        {**own, "auc": interval(float(values["auc"][c]), spread["auc"][:, c])} for c, own in enumerate(shares)
    )
    return Scores(overall, by_class, confusion)


def _values(targets: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """The measured values by scikit-learn: accuracy (1,), the others (k,)."""
    k = probabilities.shape[1]
    support = np.bincount(targets, minlength=k)
    present = support > 0
    found = sk.precision_recall_fscore_support(targets, predicted, labels=np.arange(k), zero_division=0.0)[:3]
    values = {
        name: np.where(present, column, np.nan)
        for name, column in zip(("precision", "recall", "f1"), found, strict=True)
    }
    values["auc"] = np.array(
        [
            sk.roc_auc_score(targets == c, probabilities[:, c]) if 0 < support[c] < len(targets) else np.nan
            for c in range(k)
        ]
    )
    return {"accuracy": np.array([sk.accuracy_score(targets, predicted)]), **values}


class _Counter:
    """The same scores for many resamples at once, from counts alone.

    Every score is a function of how many images fall into few groups: the cells of the confusion matrix and, for the
    AUC of a class, the runs of positives and negatives along its sorted probabilities. So a resample needs no
    sorting, only the sums of its draws by group: one product with a sparse matrix of zeros and ones.
    """

    def __init__(self, targets: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray) -> None:
        n, self.k = probabilities.shape
        groups, self.ends = [targets * self.k + predicted], [self.k * self.k]
        for c in range(self.k):
            runs = _runs(probabilities[:, c], targets == c)
            groups.append(self.ends[-1] + 2 * runs + (targets == c))
            self.ends.append(self.ends[-1] + 2 * (int(runs.max()) + 1))
        rows = np.concatenate(groups)
        ones = np.ones(len(rows), np.float32)
        self.membership = sparse.csr_matrix((ones, (rows, np.tile(np.arange(n), self.k + 1))), (self.ends[-1], n))

    def measure(self, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Scores of the resamples ``draws`` (b, n): accuracy (b, 1), the others (b, k)."""
        counts = np.ascontiguousarray((self.membership @ draws.T).T).astype(np.float64)
        confusion = counts[:, : self.ends[0]].reshape(-1, self.k, self.k)
        aucs = [
            _auc(counts[:, low:high].reshape(len(draws), -1, 2))
            for low, high in zip(self.ends[:-1], self.ends[1:], strict=True)
        ]
        return {**from_confusion(confusion), "auc": np.stack(aucs, axis=1)}


def from_confusion(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy (b, 1), precision, recall and F1 (b, k) of confusion counts (b, k, k); NaN for an absent class."""
    right = np.diagonal(confusion, axis1=1, axis2=2)
    support, claimed = confusion.sum(axis=2), confusion.sum(axis=1)
    present = support > 0
    precision = _ratio(right, claimed)
    return {
        "accuracy": _ratio(right.sum(axis=1, keepdims=True), support.sum(axis=1, keepdims=True)),
        "precision": np.where(present, precision, np.nan),
        "recall": np.where(present, _ratio(right, support), np.nan),
        "f1": np.where(present, _ratio(2 * right, support + claimed), np.nan),
    }


def _runs(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """The number of the run that each image falls into, rising with its score; images of equal score share one."""
    _, tie = np.unique(scores, return_inverse=True)
    positives = np.bincount(tie, positive)
    size = np.bincount(tie)
    kind = np.where(positives == 0, 0, np.where(positives == size, 1, 2))  # only negatives, only positives, both
    starts = np.r_[True, (kind[1:] != kind[:-1]) | (kind[1:] == 2)]
    return (np.cumsum(starts) - 1)[tie]


def _auc(runs: np.ndarray) -> np.ndarray:
    """Areas (b,) from negatives and positives by run, (b, runs, 2); ties count half (Hanley & McNeil 1982)."""
    negatives, positives = runs[..., 0], runs[..., 1]
    below = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = negatives.sum(axis=1) * positives.sum(axis=1)
    return np.divide((positives * below).sum(axis=1), pairs, out=np.full(len(runs), np.nan), where=pairs > 0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis, NaN left out; NaN where nothing is left."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def finite_or_none(value: float) -> float | None:
    """A value as JSON has it, which knows no NaN.

    >>> finite_or_none(float("nan")), finite_or_none(0.5)
    (None, 0.5)
    """
    return float(value) if math.isfinite(value) else None
