"""Corruptions of geometry: what comes into the picture from outside is one constant colour."""

import math

import numpy as np
from PIL import Image

from hemascope.evaluate.shift.corruption import sign

ZOOM_OUT = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Share of the side that the picture still fills."""
SHIFT = (0.05, 0.10, 0.15, 0.20, 0.25)
"""Share of the side."""
ROTATION = (9, 18, 27, 36, 45)
"""Degrees, to either side; a larger angle is one of these after quarter turns, which lose nothing of a square."""

FILLS = (0, 128, 255)


def zoom_out(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink the picture to 0.9 to 0.5 of its side, centred in a border of black, grey or white."""
    share = ZOOM_OUT[severity - 1]
    height, width = image.shape[:2]
    small = (max(1, round(width * share)), max(1, round(height * share)))
    border = Image.new("RGB", (width, height), _fill(generator))
    shrunk = Image.fromarray(image).resize(small, Image.Resampling.BILINEAR)
    border.paste(shrunk, ((width - small[0]) // 2, (height - small[1]) // 2))
    return np.asarray(border)


def shift(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Move the picture by 5 to 25% of its side in any direction."""
    distance = SHIFT[severity - 1] * min(image.shape[:2])
    angle = generator.uniform(0, 2 * math.pi)
    moved = (1, 0, distance * math.cos(angle), 0, 1, distance * math.sin(angle))
    picture = Image.fromarray(image)
    return np.asarray(
        picture.transform(
            picture.size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR, fillcolor=_fill(generator)
        )
    )


def rotation(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Turn the picture by 9 to 45 degrees to either side."""
    angle = sign(generator) * ROTATION[severity - 1]
    return np.asarray(Image.fromarray(image).rotate(angle, Image.Resampling.BILINEAR, fillcolor=_fill(generator)))


def _fill(generator: np.random.Generator) -> tuple[int, int, int]:
    grey = int(generator.choice(FILLS))
    return grey, grey, grey
