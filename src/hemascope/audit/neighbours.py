"""The nearest of many points: among all of them, or, where these are too many, among those of the nearest buckets."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import NearestNeighbors

BUCKET = 8_192
"""Points of a bucket, on the average; the largest hold at most twice as many."""

PROBES = 16
"""Buckets that a point is looked for in: up to 131,072 points, these are all. Beyond, of 996 damaged copies of blood
cells that the whole search finds among 14,671, this many of 15 to 612 buckets hold 99.1 to 100%."""

_LEARNT = 64  # points a bucket that its middle is learnt from
_STEPS = 20
_ASKED = 16_384  # queries of a block, at most


class Block(NamedTuple):
    """Queries that are looked for together.

    Attributes:
        asking: their row positions, int64 (b,).
        searched: numbers of the buckets, ascending.
    """

    asking: np.ndarray
    searched: tuple[int, ...]


class Neighbours:
    """Points among which the nearest are looked up, in time that grows in proportion to their number.

    Args:
        points: float32 (n, d).
        bucket: points of a bucket, on the average.
        probes: so many buckets are searched for each query.
    """

    def __init__(self, points: np.ndarray, bucket: int = BUCKET, probes: int = PROBES) -> None:
        self._points, self._probes = points, probes
        self.buckets = _buckets(points, bucket, probes)
        """Row positions, ascending, of each bucket: int64 arrays; one alone where the search is complete."""
        self._middles = np.stack([points[rows].mean(axis=0) for rows in self.buckets])

    def nearest(self, queries: np.ndarray, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Look up the nearest points of each query.

        Args:
            queries: float32 (m, d).
            count: how many; fewer are given where the searched buckets hold fewer.

        Yields:
            A block of queries: their row positions, and what `search` gives for them. Each query is in one block.
        """
        for block in self.blocks(queries):
            yield block.asking, *self.search(queries, block, count)

    def blocks(self, queries: np.ndarray) -> list[Block]:
        """Queries, float32 (m, d), by the buckets in which the nearest of each may be."""
        home = np.zeros(len(queries), np.int64)
        if len(self.buckets) > 1:
            home = pairwise_distances_argmin(queries, self._middles)
        found = []
        for bucket in np.unique(home):
            apart = np.linalg.norm(self._middles - self._middles[bucket], axis=1)
            searched = np.sort(np.argsort(apart, kind="stable")[: self._probes])
            asking = np.flatnonzero(home == bucket)
            for start in range(0, len(asking), _ASKED):
                found.append(Block(asking[start : start + _ASKED], tuple(searched.tolist())))
        return found

    def search(self, queries: np.ndarray, block: Block, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Look up the nearest points of a block of queries.

        Returns:
            The distances, float64 (b, k), ascending, and the row positions of the points, int64 (b, k).
        """
        searched = np.sort(np.concatenate([self.buckets[number] for number in block.searched]))
        points = self._points if len(searched) == len(self._points) else self._points[searched]
        index = NearestNeighbors(n_neighbors=min(count, len(points)), algorithm="brute").fit(points)
        distance, near = index.kneighbors(queries[block.asking])
        return distance, searched[near]


def _buckets(points: np.ndarray, bucket: int, probes: int) -> list[np.ndarray]:
    """Row positions of points that lie together."""
    n = len(points)
    if n <= bucket * probes:
        return [np.arange(n)]
    many = -(-n // bucket)
    some = np.random.default_rng(0).choice(n, min(n, _LEARNT * many), replace=False)
    middles = KMeans(many, n_init=1, max_iter=_STEPS, random_state=0).fit(points[np.sort(some)]).cluster_centers_
    number = pairwise_distances_argmin(points, middles)
    found: list[np.ndarray] = []
    todo = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number, minlength=many))[:-1])
    while todo:
        rows = todo.pop()
        if len(rows) > 2 * bucket:
            todo += _halves(points, rows)
        elif len(rows):
            found.append(np.sort(rows))
    return found


def _halves(points: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Points cut in two halves across the axis along which they differ most."""
    own = points[rows] - points[rows].mean(axis=0)
    _, axes = np.linalg.eigh(own.T @ own)
    order = np.argsort(own @ axes[:, -1], kind="stable")
    return np.array_split(rows[order], 2)
