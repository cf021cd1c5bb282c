"""Textures without an object: noise of every grain, gradients, stripes, checks and mosaics."""

from collections.abc import Callable

import numpy as np


def texture(rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """One random texture in random colours, uint8 (size, size, 3).

    >>> texture(np.random.default_rng(0)).shape
    (96, 96, 3)
    """
    pattern = _PATTERNS[rng.integers(len(_PATTERNS))](rng, size)
    one, other = rng.uniform(0, 255, (2, 3))
    if rng.random() < 0.2:  # each channel by itself, as in a colour test card
        pattern = np.stack([_PATTERNS[rng.integers(len(_PATTERNS))](rng, size) for _ in range(3)], axis=-1)
    else:
        pattern = pattern[..., None]
    return np.clip(one + (other - one) * pattern, 0, 255).astype(np.uint8)


def fractal(rng: np.random.Generator, size: int, slope: float) -> np.ndarray:
    """Noise (size, size) in [0, 1] of amplitude 1 / frequency to the power ``slope``: 0 white, 2 soft clouds."""
    fy, fx = np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij")
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / np.maximum(np.hypot(fy, fx), 1 / size) ** slope
    field = np.fft.irfft2(spectrum, (size, size))
    return (field - field.min()) / max(np.ptp(field), 1e-9)


def _noise(rng: np.random.Generator, size: int) -> np.ndarray:
    return fractal(rng, size, rng.uniform(0, 1.6))


def _gradient(rng: np.random.Generator, size: int) -> np.ndarray:
    return _ramp(rng, size)


def _stripes(rng: np.random.Generator, size: int) -> np.ndarray:
    wave = np.sin(2 * np.pi * _ramp(rng, size) * rng.uniform(2, 14))
    return wave / 2 + 0.5 if rng.random() < 0.5 else (wave > 0).astype(float)


def _checks(rng: np.random.Generator, size: int) -> np.ndarray:
    count = rng.uniform(2, 12)
    return ((np.floor(_ramp(rng, size) * count) + np.floor(_ramp(rng, size) * count)) % 2).astype(float)


def _rings(rng: np.random.Generator, size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] / size - rng.uniform(-0.2, 1.2, (2, 1, 1))
    return np.sin(np.hypot(y, x) * rng.uniform(10, 60)) / 2 + 0.5


def _mosaic(rng: np.random.Generator, size: int) -> np.ndarray:
    points, shades = rng.uniform(0, size, (rng.integers(4, 60), 2)), rng.random(60)
    y, x = np.mgrid[:size, :size]
    nearest = ((y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2).argmin(axis=-1)
    return shades[nearest]


def _ramp(rng: np.random.Generator, size: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size] / size - 0.5
    return np.cos(angle) * x + np.sin(angle) * y + 0.5


_PATTERNS: tuple[Callable[[np.random.Generator, int], np.ndarray], ...] = (
    _noise, _noise, _gradient, _stripes, _checks, _rings, _mosaic,
)  # fmt: skip
