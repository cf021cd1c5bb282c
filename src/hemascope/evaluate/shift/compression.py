"""Corruptions of resolution: MedMNIST-C's pixelate and JPEG, and shrinking down to BloodMNIST's 28 px."""

import io

import numpy as np
from PIL import Image

PIXELATE_SHARE = (0.6, 0.5, 0.4, 0.3, 0.25)
JPEG_QUALITY = (50, 30, 15, 10, 7)
DOWNSCALE_SIDE = (112, 80, 56, 40, 28)
"""In pixels, whatever the image's side: the last is BloodMNIST's."""


def pixelate(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink to a share of the side and enlarge again, both with a box filter."""
    share = PIXELATE_SHARE[severity - 1]
    height, width = image.shape[:2]
    small = (max(1, int(width * share)), max(1, int(height * share)))
    picture = Image.fromarray(image).resize(small, Image.Resampling.BOX)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Compress as a JPEG of low quality."""
    written = io.BytesIO()
    Image.fromarray(image).save(written, "JPEG", quality=JPEG_QUALITY[severity - 1])
    return np.asarray(Image.open(written).convert("RGB"))


def downscale(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink the shorter side to 112, 80, 56, 40 or 28 pixels with a cubic filter, and enlarge again."""
    height, width = image.shape[:2]
    share = min(1.0, DOWNSCALE_SIDE[severity - 1] / min(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    picture = Image.fromarray(image).resize(small, Image.Resampling.BICUBIC)
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
