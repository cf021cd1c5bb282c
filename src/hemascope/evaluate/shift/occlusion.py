"""Corruptions by things on the slide: MedMNIST-C's stain deposits and bubbles."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hemascope.evaluate.shift.corruption import length, to_uint8

DEPOSITS = (1, 2, 3, 3, 3)
"""At most so many marks."""
DEPOSIT_RADIUS = ((8, 16), (8, 16), (8, 16), (8, 16), (12, 22))
"""Smallest and largest mean radius in pixels at 224."""
BUBBLES = ((5, 10), (7, 10), (10, 10), (12, 12), (15, 12))
"""Largest radius in pixels at 224, and largest number."""

_MARGIN = 10
_FEWEST_BUBBLES, _SMALLEST_BUBBLE, _RIM = 7, 3, 2
_VEIL, _RIM_VEIL = 100, 130  # of 255


def stain_deposit(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Lay one to three black marks of ragged outline on the picture.

    Number and growth are MedMNIST-C's. Its marks are cut from real deposits; these are drawn: a circle whose radius
    swings with five harmonics, with a soft edge.
    """
    height, width = image.shape[:2]
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    for _ in range(1 + int(generator.random() * DEPOSITS[severity - 1])):
        smallest, largest = DEPOSIT_RADIUS[severity - 1]
        radius = length(smallest + generator.random() * (largest - smallest), image)
        x, y = (_place(side, radius + length(_MARGIN, image), generator) for side in (width, height))
        draw.polygon(_outline(x, y, radius, generator), fill=255)
    soft = np.asarray(ink.filter(ImageFilter.GaussianBlur(length(1.0, image))), np.float32)
    return to_uint8(image * (1 - soft[..., None] / 255))


def bubble(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Lay seven to twelve bubbles on the picture: discs of a white veil with a brighter rim."""
    largest, most = BUBBLES[severity - 1]
    height, width = image.shape[:2]
    veil = Image.new("L", (width, height))
    draw = ImageDraw.Draw(veil)
    rim = length(_RIM, image)
    for _ in range(_FEWEST_BUBBLES + int(generator.random() * (most - _FEWEST_BUBBLES + 1))):
        steps = int(generator.random() * (largest - _SMALLEST_BUBBLE + 1))
        radius = length(_SMALLEST_BUBBLE + steps, image)
        x, y = (_place(side, radius, generator) for side in (width, height))
        for reach, strength in ((radius + rim, _RIM_VEIL), (radius, _VEIL)):
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=strength)
    picture = Image.fromarray(image)
    picture.paste((255, 255, 255), (0, 0, width, height), veil)
    return np.asarray(picture)


def _place(side: int, margin: float, generator: np.random.Generator) -> float:
    """A coordinate that is ``margin`` away from both ends."""
    return margin + generator.random() * max(0.0, side - 2 * margin)


def _outline(x: float, y: float, radius: float, generator: np.random.Generator) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    harmonics = np.arange(1, 6)
    phases, swings = generator.uniform(0, 2 * math.pi, 5), generator.uniform(0, 0.3, 5) / np.sqrt(harmonics)
    radii = radius * np.maximum(0.3, 1 + (swings * np.cos(np.outer(angles, harmonics) + phases)).sum(axis=1))
    return list(zip((x + radii * np.cos(angles)).tolist(), (y + radii * np.sin(angles)).tolist(), strict=True))
