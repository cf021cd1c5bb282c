"""Comparing two images closely: laid over each other, then line by line."""

from functools import lru_cache

import numpy as np

from hemascope.audit.duplicates.alignment import Template, align
from hemascope.audit.duplicates.grid import luminance
from hemascope.audit.duplicates.likeness import detail, likeness
from hemascope.audit.duplicates.turns import turned

_HOPELESS = 0.83  # correlation after the first step of alignment
_APART = 0.86  # correlation at its end
_KEPT = 256  # images kept ready


class Comparison:
    """Compares pairs of some images; those compared one after another had better share an image.

    Args:
        images: uint8 (n, s, s, 3).
    """

    def __init__(self, images: np.ndarray) -> None:
        self._images = images
        self._template = lru_cache(_KEPT)(lambda row: Template(luminance(images[row])))
        self._detail = lru_cache(_KEPT)(lambda row: detail(luminance(images[row])))

    def __call__(self, first: int, second: int, turn: int, zoom: float, shift: np.ndarray) -> tuple[float, np.ndarray]:
        """Compare two images.

        Args:
            first: row position.
            second: row position.
            turn: the turn of the second, as of `turned`.
            zoom: its magnification.
            shift: float64 (2,), x and y: how far it must then be moved, in sides.

        Returns:
            Their likeness in [0, 1], and the affine map, float64 (3, 3), that lays the second over the first.
        """
        start = np.array([[1, 0, -2 * shift[0]], [0, 1, -2 * shift[1]], [0, 0, zoom]]) / zoom
        moved = np.ascontiguousarray(turned(self._template(second).contrast, turn))
        affine, aligned = align(self._template(first), moved, start, _HOPELESS)
        if aligned < _APART:
            return 0.0, affine
        return likeness(self._detail(first), np.ascontiguousarray(turned(self._detail(second), turn)), affine), affine
