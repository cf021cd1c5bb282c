"""scikit-learn's decision trees as tensors."""

from collections.abc import Sequence

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from hemascope.models.tree_votes import Trees

SPLIT_WIDTH = 0.01
"""Width of a split as a share of its feature's standard deviation."""


def as_tensors(trees: Sequence[DecisionTreeClassifier], spread: np.ndarray, classes: int) -> Trees:
    """Splits, ways and leaves of fitted trees.

    Args:
        trees: t of them, fitted to class numbers.
        spread: standard deviation of each feature, float (d,).
        classes: k; a class that a tree never saw gets the share 0.
    """
    parts = [tree.tree_ for tree in trees]
    leaves = max(int(part.n_leaves) for part in parts)
    splits = max(leaves - 1, 1)
    shape = (len(parts), splits)
    result = Trees(
        feature=np.zeros(shape, np.int64),
        threshold=np.zeros(shape, np.float32),
        width=np.ones(shape, np.float32),
        left=np.zeros((*shape, leaves), np.float32),
        right=np.zeros((*shape, leaves), np.float32),
        values=np.zeros((len(parts), leaves, classes), np.float32),
    )
    width = SPLIT_WIDTH * np.maximum(spread, 1e-6)
    for number, (tree, part) in enumerate(zip(trees, parts, strict=True)):
        inner = part.children_left >= 0
        place = np.where(inner, np.cumsum(inner) - 1, np.cumsum(~inner) - 1)  # of a split, or of a leaf, in the tensors
        result.feature[number, : inner.sum()] = part.feature[inner]
        result.threshold[number, : inner.sum()] = part.threshold[inner]
        result.width[number, : inner.sum()] = width[part.feature[inner]]
        _walk(part, place, result.left[number], result.right[number])
        shares = part.value[~inner, 0] / part.value[~inner, 0].sum(1, keepdims=True)
        result.values[number, : len(shares), tree.classes_.astype(np.int64)] = shares.T
    return result


def _walk(part: object, place: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Fill in the turns on the way to every leaf of one tree."""
    lefts, rights = part.children_left, part.children_right  # type: ignore[attr-defined] # compiled, without types
    open_ways: list[tuple[int, list[int], list[int]]] = [(0, [], [])]
    while open_ways:
        node, turned_left, turned_right = open_ways.pop()
        if lefts[node] < 0:
            left[turned_left, place[node]] = 1
            right[turned_right, place[node]] = 1
            continue
        open_ways.append((lefts[node], [*turned_left, place[node]], turned_right))
        open_ways.append((rights[node], turned_left, [*turned_right, place[node]]))
