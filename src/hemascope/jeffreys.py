"""Jeffreys' interval of a share: it has the stated coverage also where all are right, or none."""

from __future__ import annotations

import numpy as np
from scipy import special

FEWEST = 2
"""Images below which there is no interval: one image says which way it went, and nothing of how often."""


def jeffreys(right: int, images: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share of images (Brown, Cai and DasGupta 2001); NaN below ``FEWEST`` images.

    Args:
        right: how many of them.
        images: of so many, each for itself: copies of one image count once.
        level: share of such intervals that hold the true share.

    >>> low, high = jeffreys(10, 10)
    >>> round(low, 3), high
    (0.783, 1.0)
    """
    if images < FEWEST:
        return float("nan"), float("nan")
    low, high = special.betaincinv(right + 0.5, images - right + 0.5, np.array([(1 - level) / 2, (1 + level) / 2]))
    return 0.0 if right == 0 else float(low), 1.0 if right == images else float(high)
