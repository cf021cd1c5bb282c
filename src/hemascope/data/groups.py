"""Groups of rows that belong together; a group's number is the lowest row position in it."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse


def identical_groups(digests: Sequence[bytes | None]) -> np.ndarray:
    """Group the rows whose digests agree.

    Args:
        digests: one a row; None where a row has none.

    Returns:
        int64 (n,): the lowest row position among those of the same digest, a row of its own digest included; -1
        where there is none.

    >>> identical_groups([b"a", b"b", None, b"a"]).tolist()
    [0, 1, -1, 0]
    """
    first: dict[bytes, int] = {}
    return np.array(
        [-1 if digest is None else first.setdefault(digest, row) for row, digest in enumerate(digests)], np.int64
    )


def merge_groups(group: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Groups of rows that share a group in either, directly or by way of others.

    Args:
        group: int64 (n,), as of `join_groups`.
        other: int64 (n,), a group's number being a row position in it; -1: in none.

    >>> merge_groups(np.array([7, 7, -1, -1]), np.array([-1, 1, 1, -1])).tolist()
    [0, 0, 0, -1]
    """
    rows = np.flatnonzero(other >= 0)
    return join_groups(group, np.stack([rows, other[rows]], axis=1))


def join_groups(group: np.ndarray, links: np.ndarray) -> np.ndarray:
    """Join rows that are linked or share a group, directly or by way of others.

    Args:
        group: int64 (n,), any number of 0 or more names a group; -1: the row is in none.
        links: int64 (m, 2), row positions.

    Returns:
        int64 (n,): the lowest row position of those joined; -1 for rows that have neither a group nor a link.

    >>> join_groups(np.array([7, -1, -1, 7, -1]), np.array([[1, 3]])).tolist()
    [0, 0, -1, 0, -1]
    """
    n = len(group)
    grouped = np.flatnonzero(group >= 0)
    _, first, number = np.unique(group[grouped], return_index=True, return_inverse=True)
    links = np.concatenate([links.reshape(-1, 2), np.stack([grouped, grouped[first][number]], axis=1)]).astype(np.int64)
    graph = sparse.coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), shape=(n, n))
    _, component = sparse.csgraph.connected_components(graph, directed=False)
    _, lowest = np.unique(component, return_index=True)
    joined = np.full(n, -1, np.int64)
    rows = np.unique(links)
    joined[rows] = lowest[component[rows]]
    return joined
