"""Corruptions of focus: defocus and motion blur of MedMNIST-C, and sharpening."""

import math

import numpy as np
from PIL import Image, ImageFilter

from hemascope.evaluate.shift.corruption import length, to_uint8

DEFOCUS_RADIUS = (2, 3, 4, 5, 6)
MOTION = ((3, 3), (5, 5), (10, 5), (10, 7), (10, 9))
"""Radius and standard deviation in pixels at 224."""
SHARPENING = (100, 200, 300, 450, 600)
"""Percent of the detail that is added."""


def defocus_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Mean over a disc: the image of a point out of focus.

    MedMNIST-C softens the disc's rim with a 3 x 3 Gaussian of standard deviation <= 0.1 pixels, which changes nothing.
    """
    radius = length(DEFOCUS_RADIUS[severity - 1], image)
    reach = int(radius)
    height, width = image.shape[:2]
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), "reflect")
    # A disc is a stack of rows, and a sum along a row is the difference of two running sums.
    running = np.pad(np.cumsum(padded, axis=1, dtype=np.int32), ((0, 0), (1, 0), (0, 0)))
    total, area = np.zeros(image.shape, np.int32), 0
    for dy in range(-reach, reach + 1):
        half = int(math.sqrt(radius**2 - dy**2))
        rows = running[reach + dy : reach + dy + height]
        total += rows[:, reach + half + 1 : reach + half + 1 + width] - rows[:, reach - half : reach - half + width]
        area += 2 * half + 1
    return to_uint8(total / area)


def motion_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """A trail that fades as one half of a Gaussian, at an angle of -45 to 45 degrees, as ImageMagick draws it."""
    radius, deviation = (length(pixels, image) for pixels in MOTION[severity - 1])
    taps = 2 * math.ceil(radius) + 1
    angle = math.radians(generator.uniform(-45, 45))
    weights = np.exp(-(np.arange(taps) ** 2) / (2 * deviation**2), dtype=np.float32)
    weights /= weights.sum()
    height, width = image.shape[:2]
    padded = np.pad(image.astype(np.float32), ((taps, taps), (0, taps), (0, 0)), "edge")
    blurred = np.zeros(image.shape, np.float32)
    for i, weight in enumerate(weights):
        top, left = taps + round(i * math.sin(angle)), round(i * math.cos(angle))
        blurred += weight * padded[top : top + height, left : left + width]
    return to_uint8(blurred)


def sharpen(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """An unsharp mask, as cameras apply it."""
    mask = ImageFilter.UnsharpMask(length(2.0, image), SHARPENING[severity - 1], 0)
    return np.asarray(Image.fromarray(image).filter(mask))
