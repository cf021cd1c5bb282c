"""The nearest of many points: among all of them, or, where these are too many, among those of the nearest buckets."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from hemascope.cores import usable_cores

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

    def search(
        self, queries: np.ndarray, block: Block, count: int, within: float = math.inf
    ) -> tuple[np.ndarray, np.ndarray]:
        """Look up the nearest points of a block of queries.

        Args:
            queries, block: as of `blocks`.
            count: as of `nearest`.
            within: of points farther away some, or all, may be left out.

        Returns:
            The distances, float64 (b, k), ascending, infinite for what was left out; and the row positions of the
            points, int64 (b, k), -1 there.
        """
        searched = np.sort(np.concatenate([self.buckets[number] for number in block.searched]))
        points = self._points if len(searched) == len(self._points) else self._points[searched]
        asking = queries[block.asking]
        shape = len(asking), min(count, len(points))
        distance, near = np.full(shape, math.inf), np.full(shape, -1)
        parts = [slice(start, start + _TOGETHER) for start in range(0, len(asking), _TOGETHER)]
        sieve = partial(_Sieve(points).few, count=shape[1], within=within)
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(usable_cores()) as pool:
            for part, few in zip(parts, pool.map(sieve, (asking[part] for part in parts)), strict=True):
                if len(few):
                    index = NearestNeighbors(n_neighbors=min(count, len(few)), algorithm="brute").fit(points[few])
                    apart, place = index.kneighbors(asking[part])
                    distance[part, : apart.shape[1]], near[part, : apart.shape[1]] = apart, searched[few[place]]
        return distance, near


_TOGETHER = 512  # queries
_TILE = 2_048  # points that they are multiplied with at a time, so that the products stay in the cache
_ROUNDED = 1e-5  # of the squares of two vectors: more than float32 rounds off their product
_MOST = 64  # points a query; where more are equally near, all points are measured


class _Sieve:
    """Leaves out what cannot be among the nearest, by products in float32: a third of the time of measuring all.

    Args:
        points: float32 (n, d).
    """

    def __init__(self, points: np.ndarray) -> None:
        self._order = np.random.default_rng(0).permutation(len(points))  # so that the first are like all others
        self._middle = points.mean(axis=0)  # vectors from there are short, so that little is rounded off
        self._points = (points - self._middle)[self._order]
        self._factors = np.column_stack([self._points, (_ROUNDED - 0.5) * _squares(self._points)])

    def few(self, queries: np.ndarray, count: int, within: float) -> np.ndarray:
        """Positions of all points that are among the ``count`` nearest of a query and no farther, and of some others.

        Args:
            queries: float32 (b, d).
            count: at most n.
            within: as of `Neighbours.search`.

        Returns:
            int64 (m,), ascending.
        """
        n, b = len(self._points), len(queries)
        if n <= _TILE:
            return np.arange(n)
        queries = queries - self._middle
        size = _squares(queries)
        factors = np.column_stack([queries, np.ones(b, np.float32)])
        # Twice a product is |query|² less the square of the distance, and what may be rounded off.
        highest = np.partition(factors @ self._factors[: max(_TILE, count)].T, -count, axis=1)[:, -count]
        most = _more(np.minimum(size - 2 * highest, within**2), size)
        query, point, square = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        fresh, room = 0, np.empty(b * _TILE, np.float32)
        for start in range(0, n, _TILE):
            tile = self._factors[start : start + _TILE]
            product = np.matmul(factors, tile.T, out=room[: b * len(tile)].reshape(b, len(tile)))
            least = (size - most) / 2 - _ROUNDED * size
            some = np.flatnonzero(product.max(axis=1) >= least)
            row, place = np.divmod(np.flatnonzero(product[some] >= least[some, None]), len(tile))
            row, place, fresh = some[row], start + place, fresh + len(row)
            if len(query) + len(row) > _MOST * b:
                return np.arange(n)
            query, point = np.concatenate([query, row]), np.concatenate([point, place])
            square = np.concatenate([square, _squares(queries[row] - self._points[place])])
            if fresh > count * b or start + _TILE >= n:
                fresh, order = 0, np.lexsort((square, query))
                query, point, square = query[order], point[order], square[order]
                first = np.searchsorted(query, np.arange(b + 1))
                full = np.flatnonzero(np.diff(first) >= count)
                most[full] = np.minimum(most[full], _more(square[first[full] + count - 1], size[full]))
                kept = square <= most[query]
                query, point, square = query[kept], point[kept], square[kept]
        return np.unique(self._order[point])


def _more(square: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Squares of distances from vectors of the square ``size``, and what may be rounded off."""
    return np.asarray(square + 10 * _ROUNDED * (square + size))


def _squares(vectors: np.ndarray) -> np.ndarray:
    """Of the lengths of vectors (n, d)."""
    return np.asarray(np.einsum("ij,ij->i", vectors, vectors))


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
