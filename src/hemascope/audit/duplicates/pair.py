"""Two images that show the same picture, and which of such pairs may link images to groups."""

from collections import defaultdict
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

    Chains are not cut here: `near_duplicates` gives no pair that would link two groups by a single likeness.

    Args:
        group: int64 (n,), the groups before; -1: in none.
        pairs: near duplicates.

    Returns:
        int64 (n,): the lowest row position of those joined; -1 for rows that were in no group and are in no pair.

    >>> joined(np.array([0, -1, 0, -1]), [Pair(1, 2, 0.9, "mirrored")]).tolist()
    [0, 0, 0, -1]
    """
    return join_groups(group, links(pairs))


class Linking:
    """Groups that grow pair by pair.

    A sure pair joins the groups of its two images. A weaker one does so alone only where both images are in no group
    yet; groups are joined by two such pairs between them. So a single mistake makes one wrong pair and no more.

    Args:
        sure: the least score of a sure pair.
    """

    def __init__(self, sure: float) -> None:
        self._sure = sure
        self._parent: dict[int, int] = {}
        self._kept: list[Pair] = []
        self._weak: list[Pair] = []

    def add(self, pair: Pair) -> None:
        """Take a pair into account."""
        if pair.score >= self._sure:
            self._join(pair)
        else:
            self._weak.append(pair)

    def linked(self, one: int, other: int) -> bool:
        """Whether sure pairs link the two already, directly or by way of others."""
        return self._root(one) == self._root(other)

    def heads(self) -> np.ndarray:
        """One image of each group that sure pairs link, int64, ascending."""
        return np.unique(np.array([self._root(row) for row in list(self._parent)], np.int64))

    def pairs(self) -> list[Pair]:
        """The pairs that link; no more are added then."""
        self._weak.sort(key=lambda pair: -pair.score)
        for pair in self._weak:
            if pair.first not in self._parent and pair.second not in self._parent:
                self._join(pair)
        while supported := self._supported():
            for pair in supported:
                if not self.linked(pair.first, pair.second):
                    self._join(pair)
        return self._kept

    def _supported(self) -> list[Pair]:
        """The better of each two weak pairs between the same two groups."""
        between: dict[tuple[int, int], list[Pair]] = defaultdict(list)
        for pair in self._weak:
            one, other = sorted((self._root(pair.first), self._root(pair.second)))
            if one != other:
                between[one, other].append(pair)
        return [pairs[0] for pairs in between.values() if len(pairs) > 1]

    def _join(self, pair: Pair) -> None:
        root = self._root(pair.first)
        self._parent[root] = self._parent[self._root(pair.second)] = root
        self._kept.append(pair)

    def _root(self, row: int) -> int:
        path = []
        while (above := self._parent.get(row, row)) != row:
            path.append(row)
            row = above
        for passed in path:
            self._parent[passed] = row
        return row
