"""The bounded search against the full one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from hemascope.audit import neighbours
from hemascope.audit.neighbours import Neighbours


def points(seed: int, n: int, clusters: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middles = rng.normal(0, 3, (clusters, 5))
    return np.asarray(middles[rng.integers(clusters, size=n)] + rng.normal(0, 1, (n, 5)), np.float32)


def found(index: Neighbours, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    distance, near = np.full((len(queries), count), np.inf), np.full((len(queries), count), -1)
    for asking, apart, rows in index.nearest(queries, count):
        assert (near[asking] == -1).all()
        distance[asking, : rows.shape[1]], near[asking, : rows.shape[1]] = apart, rows
    assert (near[:, 0] >= 0).all()
    return distance, near


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 99), st.integers(1, 120), st.integers(1, 6), st.integers(1, 30), st.integers(1, 9))
def test_what_is_found_is_as_near_as_it_is_said_to_be(
    seed: int, n: int, clusters: int, bucket: int, count: int
) -> None:
    all_points = points(seed, n, clusters)
    index = Neighbours(all_points, bucket, probes=2)
    assert np.array_equal(np.sort(np.concatenate(index.buckets)), np.arange(n))
    distance, near = found(index, all_points, count)
    there = near >= 0
    apart = np.linalg.norm(all_points[:, None] - all_points[near], axis=2)
    assert np.allclose(distance[there], apart[there], atol=1e-3)
    full, _ = NearestNeighbors(n_neighbors=min(count, n), algorithm="brute").fit(all_points).kneighbors(all_points)
    assert (distance[:, : full.shape[1]] >= full - 1e-3).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 99), st.integers(10, 120), st.integers(2, 6), st.integers(4, 20))
def test_the_search_is_the_full_one_where_all_buckets_are_searched(
    seed: int, n: int, clusters: int, bucket: int
) -> None:
    all_points, queries = points(seed, n, clusters), points(seed + 1, 17, clusters)
    full, rows = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(all_points).kneighbors(queries)
    buckets = Neighbours(all_points, bucket, probes=1)
    buckets._probes = len(buckets.buckets)
    for index in (Neighbours(all_points), buckets):
        distance, near = found(index, queries, 4)
        assert np.array_equal(near, rows)
        assert np.allclose(distance, full)


def test_equal_points_do_not_make_a_bucket_that_grows_with_their_number() -> None:
    all_points = np.zeros((500, 5), np.float32)
    all_points[:40] = points(0, 40, 3)
    buckets = Neighbours(all_points, 20, probes=2).buckets
    assert max(map(len, buckets)) <= 40


def test_nearly_all_close_pairs_share_the_searched_buckets() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (3_000, 12)).astype(np.float32)
    pairs = np.concatenate([first, first + rng.normal(0, 0.05, first.shape).astype(np.float32)])
    index = Neighbours(pairs, 100, probes=8)
    assert len(index.buckets) >= 60
    _, near = found(index, pairs, 2)
    twin = (np.arange(6_000) + 3_000) % 6_000
    assert (near == twin[:, None]).any(axis=1).mean() > 0.97


@pytest.mark.parametrize(("count", "within"), [(4, np.inf), (9, 1.5), (3, 0.0)])
def test_nothing_near_is_left_out_before_it_is_measured(
    monkeypatch: pytest.MonkeyPatch, count: int, within: float
) -> None:
    monkeypatch.setattr(neighbours, "_TILE", 64)
    monkeypatch.setattr(neighbours, "_TOGETHER", 50)
    all_points = points(0, 1_500, 40) + np.float32(300)  # far from the origin, where float32 is coarse
    all_points[100:110] = all_points[7]
    apart = cdist(all_points, all_points)
    full = np.sort(apart, axis=1)[:, :count]
    index = Neighbours(all_points)
    (block,) = index.blocks(all_points)
    distance, near = index.search(all_points, block, count, within)
    there = near >= 0
    # Which of equally near points are found, and which is first, is not promised: their distances are.
    assert np.allclose(distance[there], np.take_along_axis(apart, near, axis=1)[there], rtol=0, atol=1e-4)
    assert np.allclose(distance[full <= within], full[full <= within], rtol=0, atol=1e-4)
    assert (distance[~there] == np.inf).all()
    ordered = np.sort(near, axis=1)
    assert ((np.diff(ordered) > 0) | (ordered[:, :-1] < 0)).all()  # none twice
    assert len(neighbours._Sieve(all_points).few(all_points[:50], count, within)) < 750


def test_where_nearly_all_are_equally_near_all_are_measured() -> None:
    all_points = np.zeros((3_000, 5), np.float32)
    all_points[:40] = points(0, 40, 3)
    distance, near = found(Neighbours(all_points), all_points, 6)
    assert (distance[40:] == 0).all()
    assert (near[40:] >= 40).all()
