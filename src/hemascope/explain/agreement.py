"""How alike two kinds of heat map are."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

HOTTEST = 0.2
"""Share of an image's area that `Agreement.overlap` compares."""


class Agreement(NamedTuple):
    """Of two heat maps of each of n images; NaN where one of them is the same everywhere.

    Attributes:
        rank: Spearman's rank correlation over the pixels, float64 (n,), -1 .. 1.
        overlap: intersection over union of the hottest fifths of the area, float64 (n,), 0 .. 1; by chance it is
            0.11, for maps that agree 1.
    """

    rank: np.ndarray
    overlap: np.ndarray


def agreement(one: np.ndarray, other: np.ndarray) -> Agreement:
    """Compare heat maps float (n, h, w) pairwise.

    >>> maps = np.arange(32.0).reshape(2, 4, 4)
    >>> agreement(maps, maps).rank.tolist()
    [1.0, 1.0]
    """
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(one, other, strict=True)]
    return Agreement(np.array([_rank(a, b) for a, b in pairs]), np.array([_overlap(a, b) for a, b in pairs]))


def _rank(a: np.ndarray, b: np.ndarray) -> float:
    if not (np.ptp(a) and np.ptp(b)):
        return np.nan
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    if not (np.ptp(a) and np.ptp(b)):
        return np.nan
    # Above the lowest value too: a map that is 0 nearly everywhere has no more hot area than it has heat.
    hot = [(values >= np.quantile(values, 1 - HOTTEST)) & (values > values.min()) for values in (a, b)]
    return float((hot[0] & hot[1]).sum() / (hot[0] | hot[1]).sum())
