"""Two images that show the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hemascope.data.groups import join_groups


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


def joined(group: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
    """Groups after joining near duplicates.

    Chains are not cut here: `near_duplicates` gives no pair that would tie two groups by a single likeness.

    Args:
        group: int64 (n,), the groups before; -1: in none.
        pairs: near duplicates.

    Returns:
        int64 (n,): the lowest row position of those joined; -1 for rows that were in no group and are in no pair.

    >>> joined(np.array([0, -1, 0, -1]), [Pair(1, 2, 0.9, "mirrored")]).tolist()
    [0, 0, 0, -1]
    """
    return join_groups(group, links(pairs))
