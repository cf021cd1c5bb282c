"""A corruption: a named way to spoil an image, in five severities."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np

SEVERITIES = (1, 2, 3, 4, 5)
"""From hardly seen to severe, as in ImageNet-C (Hendrycks and Dietterich 2019)."""

REFERENCE_SIDE = 224
"""Lengths in pixels are stated for images of this side, and grow with the image."""

Apply = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """One corruption.

    Attributes:
        name: its name in tables and on the command line.
        title: its name for readers.
        family: blur, noise, light, colour, compression, geometry, occlusion or mixture.
        apply: image uint8 (h, w, 3), severity 1 .. 5 and generator to a new uint8 (h, w, 3).
        medmnist_c: True for one of MedMNIST-C's eleven for blood cells (Di Salvo et al. 2024).
    """

    name: str
    title: str
    family: str
    apply: Apply
    medmnist_c: bool = False

    def __call__(self, image: np.ndarray, severity: int, *, seed: int = 0, position: int = 0) -> np.ndarray:
        """Corrupt one image; the same seed, severity and position always give the same pixels.

        Args:
            image: uint8 (h, w, 3); it is not changed.
            severity: 1 .. 5.
            seed: of the whole suite.
            position: the image's number in its source, so that each image is corrupted in its own way.

        Returns:
            uint8 (h, w, 3).
        """
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity} is none of {SEVERITIES}")
        generator = np.random.default_rng([seed, crc32(self.name.encode()), severity, position])
        return self.apply(image, severity, generator)


def length(pixels: float, image: np.ndarray) -> float:
    """A length stated for `REFERENCE_SIDE`, in pixels of this image.

    >>> length(6, np.zeros((112, 112, 3), np.uint8))
    3.0
    """
    return pixels * min(image.shape[:2]) / REFERENCE_SIDE


def to_uint8(values: np.ndarray) -> np.ndarray:
    """Round grey levels to uint8; what lies outside 0 .. 255 is clipped."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def sign(generator: np.random.Generator) -> int:
    """One of -1 and 1."""
    return 1 if generator.random() < 0.5 else -1
