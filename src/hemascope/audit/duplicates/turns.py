"""The eight ways to turn and mirror a square: the dihedral group of order 8."""

from collections.abc import Callable

import numpy as np

TURNS = 8
NAMES = (
    "",
    "mirrored",
    "mirrored upside down",
    "rotated by 180°",
    "mirrored along a diagonal",
    "rotated by 90°",
    "rotated by 270°",
    "mirrored along a diagonal",
)
"""What became of an image that turn number i brings back; rotations are anticlockwise."""


def turned(image: np.ndarray, turn: int) -> np.ndarray:
    """An image (s, s, ..) after one of the eight turns: transposed (4), upside down (2), left to right (1)."""
    return _turned(image, turn, lambda x: x[::-1], lambda x: x[:, ::-1], lambda x: x.swapaxes(0, 1))


def turn_matrix(turn: int) -> np.ndarray:
    """Where a turned image takes its pixels from, float64 (2, 2) for (x, y) about the centre."""
    axes = np.eye(2)[::-1] if turn & 4 else np.eye(2)
    return np.asarray(axes @ np.diag([-1.0 if turn & 1 else 1.0, -1.0 if turn & 2 else 1.0]))


def opposite(turn: int) -> int:
    """The turn that undoes a turn."""
    return {5: 6, 6: 5}.get(turn, turn)


def turned_spectra(spectra: np.ndarray) -> np.ndarray:
    """The spectra (n, f, f) of images after each of the eight turns about their centre, (n, 8, f, f).

    Args:
        spectra: frequencies in numpy's order, 0, 1, .., -2, -1, on both axes; phases about the image's centre.
    """
    minus = -np.arange(spectra.shape[1])
    ways = (
        _turned(spectra, turn, lambda x: x[:, minus], lambda x: x[:, :, minus], lambda x: x.swapaxes(1, 2))
        for turn in range(TURNS)
    )
    return np.stack(list(ways), axis=1)


Change = Callable[[np.ndarray], np.ndarray]


def _turned(image: np.ndarray, turn: int, upside_down: Change, mirrored: Change, transposed: Change) -> np.ndarray:
    for bit, change in ((4, transposed), (2, upside_down), (1, mirrored)):
        if turn & bit:
            image = change(image)
    return image
