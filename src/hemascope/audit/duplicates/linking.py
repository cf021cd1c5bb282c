"""Which pairs may tie images to groups: chance must not chain different cells."""

from collections import defaultdict

import numpy as np

from hemascope.audit.duplicates.pair import Pair


class Ties:
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

    def tied(self, one: int, other: int) -> bool:
        """Whether sure pairs tie the two already, directly or by way of others."""
        return self._root(one) == self._root(other)

    def heads(self) -> np.ndarray:
        """One image of each group that sure pairs tie, int64, ascending."""
        return np.unique(np.array([self._root(row) for row in list(self._parent)], np.int64))

    def pairs(self) -> list[Pair]:
        """The pairs that tie; no more are added then."""
        self._weak.sort(key=lambda pair: -pair.score)
        for pair in self._weak:
            if pair.first not in self._parent and pair.second not in self._parent:
                self._join(pair)
        while supported := self._supported():
            for pair in supported:
                if not self.tied(pair.first, pair.second):
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
