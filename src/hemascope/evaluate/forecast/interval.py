"""Intervals of a share: of the images that there are, and of a prediction that may itself be off."""

import math

from scipy import special, stats

from hemascope.evaluate.bootstrap import Score

LEVEL = 0.90
"""Of every interval of the predicted score."""


def share_interval(right: int, images: int, level: float = LEVEL) -> Score:
    """A share of right answers with Jeffreys' interval (Brown, Cai and DasGupta 2001).

    It is never empty, also where every answer is right.

    >>> score = share_interval(200, 200)
    >>> score.value, round(score.low, 3), score.high
    (1.0, 0.99, 1.0)
    """
    low, high = stats.beta.ppf(((1 - level) / 2, (1 + level) / 2), right + 0.5, images - right + 0.5)
    return Score(right / images, 0.0 if right == 0 else float(low), 1.0 if right == images else float(high))


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
