"""Corruptions of colour: MedMNIST-C's saturate, hue, channel shift and stain shift."""

import numpy as np
from PIL import Image

from hemascope.evaluate.shift.corruption import sign, to_uint8

SATURATE = (0.05, 0.10, 0.15, 0.17, 0.20)
"""Added to the saturation, 0 .. 1."""
HUE = (6, 12, 20, 30, 45)
"""Degrees, to either side."""
CHANNEL_SHIFT = (8, 16, 24, 34, 46)
"""Grey levels."""
STAIN_SHIFT = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Change of each stain's amount: 0.3 makes it 0.7 or 1.3 times as strong."""

_STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])
"""Optical densities (rows haematoxylin, eosin, DAB; columns red, green, blue) of Ruifrok and Johnston 2001."""


def saturate(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Add 0.05 to 0.20 to the saturation of HSV; hue and value stay. Grey has the hue of red."""
    values = image.astype(np.float32)
    brightest = values.max(axis=2, keepdims=True)
    depth = brightest - values
    deepest = depth.max(axis=2, keepdims=True)
    saturation = deepest / np.maximum(brightest, 1)
    direction = np.where(deepest > 0, depth / np.maximum(deepest, 1), np.array([0, 1, 1], np.float32))
    return to_uint8(brightest * (1 - np.minimum(saturation + SATURATE[severity - 1], 1) * direction))


def hue(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Turn the hue of HSV by 6 to 45 degrees to either side."""
    step = sign(generator) * round(HUE[severity - 1] * 256 / 360)
    hsv = np.array(Image.fromarray(image).convert("HSV"))
    hsv[..., 0] += np.uint8(step % 256)
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


def channel_shift(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Raise one channel by 8 to 46 grey levels, lower another by as many, and leave the third."""
    return to_uint8(image + generator.permutation([1.0, 0.0, -1.0]) * CHANNEL_SHIFT[severity - 1])


def stain_shift(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Change the amount of each of three stains by 10 to 50%, up or down (Tellez et al. 2018)."""
    factors = [1 + sign(generator) * STAIN_SHIFT[severity - 1] for _ in range(3)]
    stains = _STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True)
    change = np.linalg.inv(stains) @ np.diag(factors) @ stains
    density = -np.log((np.arange(256, dtype=np.float32) + 1) / 256)[image]
    return to_uint8(256 * np.exp(-density @ change.astype(np.float32)) - 1)
