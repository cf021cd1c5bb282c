"""Corruptions of light: MedMNIST-C's brightness and contrast, gamma and vignetting."""

import numpy as np
from PIL import Image, ImageEnhance

from hemascope.evaluate.shift.corruption import sign, to_uint8

BRIGHTNESS_UP = (1.1, 1.2, 1.3, 1.35, 1.4)
BRIGHTNESS_DOWN = (0.9, 0.8, 0.7, 0.6, 0.5)
CONTRAST_UP = (1.1, 1.15, 1.2, 1.25, 1.3)
CONTRAST_DOWN = (0.9, 0.8, 0.7, 0.6, 0.5)
GAMMA = (1.15, 1.3, 1.5, 1.75, 2.0)
"""Exponent, or one over it."""
VIGNETTING = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Share of the light that is lost in the corners."""


def brightness_up(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Multiply every grey level by 1.1 to 1.4."""
    return _brightness(image, BRIGHTNESS_UP[severity - 1])


def brightness_down(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Multiply every grey level by 0.9 to 0.5."""
    return _brightness(image, BRIGHTNESS_DOWN[severity - 1])


def contrast_up(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Stretch the distances to the image's mean grey by 1.1 to 1.3."""
    return _contrast(image, CONTRAST_UP[severity - 1])


def contrast_down(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink the distances to the image's mean grey to 0.9 to 0.5."""
    return _contrast(image, CONTRAST_DOWN[severity - 1])


def gamma(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Raise the light, 0 .. 1, to a power of 1.15 to 2, or to one over it."""
    exponent = GAMMA[severity - 1] ** sign(generator)
    return to_uint8(255 * (np.arange(256) / 255) ** exponent)[image]


def vignetting(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Darken with the square of the distance from the centre."""
    height, width = image.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    light = 1 - VIGNETTING[severity - 1] * (y**2 + x**2) / 2
    return to_uint8(image * light[..., None].astype(np.float32))


def _brightness(image: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(image)).enhance(factor))


def _contrast(image: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(image)).enhance(factor))
