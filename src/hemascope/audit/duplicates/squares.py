"""Square images: their luminance, Gaussian filters that resample them, and the eight ways to turn them.

A filter is a matrix, so that one product filters and resamples; the turns are the dihedral group of order 8.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in Pillow's convert("L")
_NARROWEST = 0.35  # of a pixel; a narrower Gaussian between samples would be aliased
_LEAST = 1e-20  # a smaller weight changes no float32, but subnormal numbers make a product take ten times as long


@lru_cache(256)
def gaussian(size: int, points: int, sigma: float, zoom: float = 1.0) -> np.ndarray:
    """A matrix that smooths and resamples a line of pixels.

    Args:
        size: pixels of the line.
        points: samples of the result, evenly over the central 1 / ``zoom`` of the line.
        sigma: of the Gaussian, in steps of the result.
        zoom: magnification about the centre.

    Returns:
        float32 (points, size); rows sum to 1. ``M @ image @ M.T`` resamples a square image.
    """
    step = size / points / zoom
    places = (np.arange(points) - (points - 1) / 2) * step + (size - 1) / 2
    distance = (np.arange(size) - places[:, None]) / max(sigma * step, _NARROWEST)
    weight = np.exp(-0.5 * distance**2)
    weight /= weight.sum(axis=1, keepdims=True)
    weight[weight < _LEAST] = 0
    return np.asarray(weight, np.float32)


def smoothed(image: np.ndarray, sigma: float) -> np.ndarray:
    """Square images (.., s, s) under a Gaussian of ``sigma`` pixels."""
    matrix = gaussian(image.shape[-1], image.shape[-1], sigma)
    return np.asarray(matrix @ image @ matrix.T)


def luminance(images: np.ndarray) -> np.ndarray:
    """Float32 (..) in [0, 255] of uint8 images (.., 3)."""
    return images.astype(np.float32) @ LUMA


@lru_cache(8)
def places(size: int) -> np.ndarray:
    """Centres of a square grid's pixels, float32 (2, size, size): x and y, -1 to 1 from edge to edge."""
    line = (np.arange(size, dtype=np.float32) - (size - 1) / 2) / (size / 2)
    return np.stack(np.meshgrid(line, line))


TURNS = 8
NAMES = (
    "",
    "mirrored",
    "mirrored upside down",
    "rotated by 180°",
    "mirrored along a diagonal",
    "rotated by 90°",
    "rotated by 270°",
    "mirrored along a diagonal",
)
"""What became of an image that turn number i brings back; rotations are anticlockwise."""


def turned(image: np.ndarray, turn: int) -> np.ndarray:
    """An image (s, s, ..) after one of the eight turns: transposed (4), upside down (2), left to right (1)."""
    return _turned(image, turn, lambda x: x[::-1], lambda x: x[:, ::-1], lambda x: x.swapaxes(0, 1))


def turn_matrix(turn: int) -> np.ndarray:
    """Where a turned image takes its pixels from, float64 (2, 2) for (x, y) about the centre."""
    axes = np.eye(2)[::-1] if turn & 4 else np.eye(2)
    return np.asarray(axes @ np.diag([-1.0 if turn & 1 else 1.0, -1.0 if turn & 2 else 1.0]))


def opposite(turn: int) -> int:
    """The turn that undoes a turn."""
    return {5: 6, 6: 5}.get(turn, turn)


def turned_spectra(spectra: np.ndarray) -> np.ndarray:
    """The spectra (n, f, f) of images after each of the eight turns about their centre, (n, 8, f, f).

    Args:
        spectra: frequencies in numpy's order, 0, 1, .., -2, -1, on both axes; phases about the image's centre.
    """
    minus = -np.arange(spectra.shape[1])
    ways = (
        _turned(spectra, turn, lambda x: x[:, minus], lambda x: x[:, :, minus], lambda x: x.swapaxes(1, 2))
        for turn in range(TURNS)
    )
    return np.stack(list(ways), axis=1)


Change = Callable[[np.ndarray], np.ndarray]


def _turned(image: np.ndarray, turn: int, upside_down: Change, mirrored: Change, transposed: Change) -> np.ndarray:
    for bit, change in ((4, transposed), (2, upside_down), (1, mirrored)):
        if turn & bit:
            image = change(image)
    return image
