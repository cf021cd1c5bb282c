"""Intervals of proportions: shares of images, where each is right or wrong.

The bootstrap fails them at the ends: of ten images that are all right every resample is all right, and its interval is
one point. Jeffreys' interval (Brown, Cai and DasGupta 2001) has the stated coverage there too.
"""

import numpy as np

from hemascope.evaluate.bootstrap import LEVEL, Score
from hemascope.jeffreys import jeffreys


def share_interval(right: int, images: int, level: float = LEVEL) -> Score:
    """A share of images with Jeffreys' interval; none below two images, and NaN for a share of none.

    It is never one point, also where every image is right or none is.

    Args:
        right: how many of them.
        images: of so many, each for itself: copies of one image count once.
        level: share of such intervals that hold the true share.

    >>> score = share_interval(10, 10)
    >>> score.value, round(score.low, 3), score.high
    (1.0, 0.783, 1.0)
    >>> share_interval(1, 1)
    Score(value=1.0, low=nan, high=nan)
    """
    value = right / images if images else float("nan")
    return Score(value, *jeffreys(right, images, level))


def confusion_shares(confusion: np.ndarray) -> tuple[Score, tuple[dict[str, Score], ...]]:
    """The scores of a confusion matrix that are proportions, with Jeffreys' intervals.

    Precision is a share of the images called a class, recall of those that are one. F1 is none, but rises with one, the
    share of right ones among the images that are or are called the class (Jaccard's index J): F1 = 2 J / (1 + J).

    Args:
        confusion: counts, int (k, k); rows are true, columns predicted; at least one image.

    Returns:
        The accuracy, and of each class ``precision``, ``recall`` and ``f1``; NaN for a class without images.

    >>> accuracy, (a, b) = confusion_shares(np.array([[5, 0], [1, 4]]))
    >>> accuracy.value, a["recall"].value, round(b["f1"].value, 4)
    (0.9, 1.0, 0.8889)
    """
    right, support, claimed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    shares = [_class_shares(*map(int, counts)) for counts in zip(right, support, claimed, strict=True)]
    return share_interval(int(right.sum()), int(confusion.sum())), tuple(shares)


def _class_shares(right: int, support: int, claimed: int) -> dict[str, Score]:
    if not support:
        return {name: Score(float("nan"), float("nan"), float("nan")) for name in ("precision", "recall", "f1")}
    precision = share_interval(right, claimed) if claimed else Score(0.0, float("nan"), float("nan"))
    jaccard = share_interval(right, support + claimed - right)
    f1 = Score(*(2 * part / (1 + part) for part in jaccard))
    return {"precision": precision, "recall": share_interval(right, support), "f1": f1}
