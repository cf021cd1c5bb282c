"""Which cells to label next: those that the model doubts, and that are unlike each other and those labelled already."""

from __future__ import annotations

from collections.abc import Sequence
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


def write_list(
    path: Path, cells: Cells, places: Sequence[int], classes: Sequence[str], probabilities: np.ndarray
) -> None:
    """Write the list as CSV: `COLUMNS`, the labels empty for the user to fill in, so that the file teaches next time.

    Args:
        path: the file, written whole or not at all.
        cells: all that were looked at.
        places: of those to label, in order.
        classes: k names.
        probabilities: float (n, k).
    """
    rows = [
        (cells.names[at], "", classes[int(probabilities[at].argmax())], f"{probabilities[at].max():.3f}")
        for at in places
    ]
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_delimited(file, [COLUMNS, *rows])
