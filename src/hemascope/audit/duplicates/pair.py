"""Two images that show the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pair:
    """Two images that show the same picture.

    Attributes:
        first: row position.
        second: row position, more than ``first``.
        score: how alike, in [0, 1]; 1: the same pixels.
        relation: what became of the second, seen from the first, in words: "rotated by 90°, brighter by 12%".
    """

    first: int
    second: int
    score: float
    relation: str


def links(pairs: Sequence[Pair]) -> np.ndarray:
    """The row positions alone, int64 (m, 2)."""
    return np.array([(pair.first, pair.second) for pair in pairs], np.int64).reshape(-1, 2)
