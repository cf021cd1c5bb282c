"""Fields without a white cell or platelet in their middle: bare ground and red cells only."""

import numpy as np
from PIL import Image

from hemascope.data.foreign.textures import fractal


def empty_field(rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """Bare ground: one colour with the unevenness and the noise of a camera, uint8 (size, size, 3)."""
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.3 else rng.uniform(170, 255) + rng.uniform(-35, 5, 3)
    shade = (fractal(rng, size, 2.2)[..., None] - 0.5) * rng.uniform(0, 25)
    noise = rng.normal(0, rng.uniform(0, 6), (size, size, 3))
    return np.clip(colour + shade + noise, 0, 255).astype(np.uint8)


def corner(image: np.ndarray, rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """A corner of a picture whose cell lies in the middle: ground and red cells, uint8 (size, size, 3).

    Args:
        image: uint8 (h, w, 3), the picture with its surroundings.
        rng: which corner, and how much of it: 24% to 34% of the side, where cells of usual framing do not reach.
        size: side of the result in pixels.
    """
    side = int(min(image.shape[:2]) * rng.uniform(0.24, 0.34))
    top, left = ((0, length - side)[int(rng.integers(2))] for length in image.shape[:2])
    part = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return np.asarray(part.resize((size, size), Image.Resampling.BICUBIC))
