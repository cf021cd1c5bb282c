"""Luminance images on grids of any size, and Gaussian filters as matrices: one product filters and resamples."""

from functools import lru_cache

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in Pillow's convert("L")
_NARROWEST = 0.35  # of a pixel; a narrower Gaussian between samples would be aliased


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
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)


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
