"""Corruptions by noise."""

import numpy as np

from hemascope.evaluate.shift.corruption import to_uint8

GAUSSIAN = (0.04, 0.08, 0.12, 0.18, 0.26)
"""Standard deviation; white is 1."""
PHOTONS = (60, 25, 18, 10, 5)
"""Mean number of photons that make white."""
SALT_PEPPER = (0.01, 0.03, 0.06, 0.09, 0.17)
"""Share of the values that are lost."""


def gaussian_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Add normal noise to every value."""
    return to_uint8(image + 255 * GAUSSIAN[severity - 1] * generator.standard_normal(image.shape, np.float32))


def shot_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Count photons: a Poisson number at every value."""
    white = PHOTONS[severity - 1]
    return to_uint8(generator.poisson(image * (white / 255)) * (255 / white))


def salt_pepper(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Set a share of the values to black or white, half of them each."""
    share = SALT_PEPPER[severity - 1]
    chance = generator.random(image.shape, np.float32)
    return np.where(chance < share / 2, 0, np.where(chance > 1 - share / 2, 255, image)).astype(np.uint8)
