"""Laying one image over another: the affine map between them, by Gauss-Newton steps on the difference.

The inverse compositional algorithm of Baker and Matthews, "Lucas-Kanade 20 Years On" (2004), on contrast instead of
grey levels, so that brightness and stain do not count.
"""

from functools import cache, cached_property

import numpy as np
from scipy import ndimage

from hemascope.audit.duplicates.squares import gaussian, places, smoothed

SIZE = 48
"""Side of the grid on which images are aligned."""

_FINE, _BROAD = 1.0, 6.0  # the band that is compared, as sigmas in pixels of the grid
_STEPS = 6
_STILL = 3e-3  # a step smaller than this share of half the side is the last
_FARTHEST = 0.4
_MARGIN = 0.15  # of half the side: where a copy may have lost or gained a border


class Template:
    """An image made ready for alignment.

    Args:
        light: float32 (s, s), luminance.
    """

    def __init__(self, light: np.ndarray) -> None:
        matrix = gaussian(len(light), SIZE, 0.5)
        small = matrix @ light @ matrix.T
        contrast = smoothed(small, _FINE) - smoothed(small, _BROAD)
        self.contrast = contrast / (np.sqrt((contrast**2 * _inside()).mean()) + 0.5)

    @cached_property
    def step(self) -> np.ndarray:
        """What maps a difference of images to the change of the six parameters, float32 (6, pixels)."""
        down, across = np.gradient(self.contrast, 2 / SIZE)
        x, y = places(SIZE)
        slopes = np.stack([across * x, across * y, across, down * x, down * y, down]).reshape(6, -1)
        weighted = slopes * _inside().ravel()
        curvature = weighted @ slopes.T
        return np.asarray(
            np.linalg.solve(curvature + np.eye(6) * (1e-3 * np.trace(curvature) / 6 + 1e-6), weighted), np.float32
        )


def align(first: Template, contrast: np.ndarray, start: np.ndarray, least: float) -> tuple[np.ndarray, float]:
    """Find the affine map that lays an image over the first.

    Args:
        first: what stays.
        contrast: what is moved, as of `Template.contrast`, turned if need be.
        start: float64 (3, 3), maps places (x, y, 1) of the first, -1 to 1, to places of the moved.
        least: give up where the images are less alike than this after the first step.

    Returns:
        The map, and the correlation of the two under it, -1 to 1.
    """
    best, likeness = start, -1.0
    affine = start
    for step in range(_STEPS):
        laid = warp(contrast, affine)
        now = correlation(first.contrast, laid, _inside())
        if now > likeness:
            best, likeness = affine, now
        if step == 1 and likeness < least:
            break
        change = first.step @ (laid - first.contrast).ravel()
        if np.abs(change).max() < _STILL:
            break
        affine = affine @ np.linalg.inv(np.eye(3) + np.vstack([change.reshape(2, 3), np.zeros(3)]))
        if np.abs(affine - np.eye(3)).max() > _FARTHEST:
            break
    return best, likeness


def warp(image: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """An image (s, s) sampled where the map sends each pixel; beyond the border its nearest pixel."""
    half, centre = len(image) / 2, (len(image) - 1) / 2
    matrix = affine[1::-1, 1::-1]  # rows before columns
    offset = affine[1::-1, 2] * half + centre - matrix @ (centre, centre)
    return np.asarray(ndimage.affine_transform(image, matrix, offset, order=1, mode="nearest"))


def correlation(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> float:
    """Pearson's correlation of two images under weights."""
    weight = weight / max(float(weight.sum()), 1e-9)
    one = one - (one * weight).sum()
    other = other - (other * weight).sum()
    energy = (one * one * weight).sum() * (other * other * weight).sum()
    return float((one * other * weight).sum() / np.sqrt(energy + 1e-12))


@cache
def _inside() -> np.ndarray:
    """Weights that fade towards the border, float32 (SIZE, SIZE)."""
    return np.asarray(np.clip((1 - np.abs(places(SIZE)).max(axis=0)) / _MARGIN, 0, 1), np.float32)
