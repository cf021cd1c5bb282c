"""How unusual a measure is in a set, and how suspicious that makes an image."""

import numpy as np

_FEW = 20  # of so few images no spread is known: they are compared with the whole set


def usual(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The median of each image's class, float64 (n,); arguments as of `robust_z`."""
    return _by_class(values, classes)[0]


def robust_z(values: np.ndarray, classes: np.ndarray, floor: float) -> np.ndarray:
    """Distances from the median of the own class, in deviations that outliers do not move (1.4826 MAD).

    Args:
        values: float (n,); NaN stays NaN.
        classes: int (n,); classes of fewer than 20 values are compared with all.
        floor: the least deviation that counts, so that a set of equals has no outliers by a hair.

    >>> robust_z(np.array([1.0, 2.0, 3.0, 30.0]), np.zeros(4), floor=0.1).round(1).tolist()
    [-1.0, -0.3, 0.3, 18.5]
    """
    middle, spread = _by_class(values, classes)
    return (values - middle) / np.maximum(spread, floor)


def suspicion(excess: np.ndarray, limit: float | np.ndarray, width: float) -> np.ndarray:
    """From a measure without bounds to a score in [0, 1]: a half at ``limit``, rising as a logistic curve; NaN gives 0.

    >>> suspicion(np.array([-90.0, 6.0, 90.0, np.nan]), limit=6, width=1).round(3).tolist()
    [0.0, 0.5, 1.0, 0.0]
    """
    score = 1 / (1 + np.exp(-np.clip((excess - limit) / width, -60, 60)))
    return np.where(np.isnan(score), 0.0, score)


def _by_class(values: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and deviation of each image's class."""
    known = np.isfinite(values)
    middle, spread = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for name in np.unique(classes):
        members = classes == name
        some = values[known & members] if (known & members).sum() >= _FEW else values[known]
        if len(some):
            middle[members] = np.median(some)
            spread[members] = 1.4826 * np.median(np.abs(some - np.median(some)))
    return middle, spread
