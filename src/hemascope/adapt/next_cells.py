"""Which cells to label next: those that the model doubts, and that are unlike each other and those labelled already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.adapt.cells import Cells
from hemascope.data.delimited import write_delimited
from hemascope.files import atomic

COUNT = 20
"""Cells on the list."""

COLUMNS = ("path", "label", "guess", "confidence")


def choose(features: np.ndarray, probabilities: np.ndarray, labelled: np.ndarray, count: int = COUNT) -> list[int]:
    """Places of the cells to label next, the most useful first.

    Each time the cell is taken whose doubt times its distance to the nearest cell that is labelled or taken is largest:
    doubt alone takes the same kind of cell again and again (core-sets: Sener and Savarese 2018).

    Args:
        features: float (n, d).
        probabilities: float (n, k), by the head that the labelled cells made.
        labelled: features of the labelled cells, float (m, d).
        count: how many; fewer where there are no more.

    >>> choose(np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), np.full((3, 2), 0.5), np.array([[1.0, 0.0]]), 2)
    [2, 1]
    """
    top = np.sort(probabilities, axis=1)[:, -2:]
    doubt = 1 - (top[:, -1] - top[:, 0]) if probabilities.shape[1] > 1 else np.ones(len(features))
    points, fixed = _unit(features), _unit(labelled)
    near = 1 - (points @ fixed.T).max(axis=1, initial=-1.0)
    chosen: list[int] = []
    while len(chosen) < min(count, len(features)):
        worth = (doubt + 1e-3) * (near + 1e-6)
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
        near = np.minimum(near, 1 - points @ points[chosen[-1]])
    return chosen


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


@dataclass(frozen=True)
class NextCells:
    """The cells to label next, the most useful first.

    Attributes:
        names: of their files.
        images: uint8 (n, size, size, 3).
        guesses: the class that the taught model calls each.
        confidences: its probability, 0 .. 1.
        classes: names of the k classes.
    """

    names: tuple[str, ...]
    images: np.ndarray
    guesses: tuple[str, ...]
    confidences: tuple[float, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, cells: Cells, places: Sequence[int], classes: Sequence[str], probabilities: np.ndarray) -> NextCells:
        """Those at these places of all that were looked at, by their probabilities, float (n, k)."""
        return cls(
            tuple(cells.names[at] for at in places),
            cells.images[list(places)],
            tuple(classes[int(probabilities[at].argmax())] for at in places),
            tuple(float(probabilities[at].max()) for at in places),
            tuple(classes),
        )

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """As `COLUMNS`; the labels are empty for the user to fill in, so that the table teaches next time."""
        told = zip(self.names, self.guesses, self.confidences, strict=True)
        return [(name, "", guess, f"{confidence:.3f}") for name, guess, confidence in told]


def write_list(path: Path, cells: NextCells) -> None:
    """Write the list as CSV, whole or not at all."""
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_delimited(file, [COLUMNS, *cells.rows])
