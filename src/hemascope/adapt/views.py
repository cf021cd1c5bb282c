"""A cell turned and mirrored: it stays the same cell, and what a head says of it should not change."""

from __future__ import annotations

import numpy as np

from hemascope.predict.classifier import Classifier

VIEWS = 4
"""Of each cell at the most, the cell as it is among them."""

TAUGHT = 300
"""Views of labelled cells that teach, about: of many cells fewer each, as they gain less and take as long."""


def features_of(model: Classifier, images: np.ndarray, views: int = VIEWS) -> np.ndarray:
    """What a model makes of cells and their views: float32 (n, views, d) of images uint8 (n, s, s, 3)."""
    seen = turned(images, views)
    return model.features(seen.reshape(-1, *seen.shape[2:])).reshape(len(images), views, -1)


def taught_views(cells: int) -> int:
    """Views of each labelled cell where there are so many.

    >>> taught_views(20), taught_views(100), taught_views(500)
    (4, 3, 1)
    """
    return min(VIEWS, max(1, TAUGHT // max(1, cells)))


def turned(images: np.ndarray, views: int = VIEWS) -> np.ndarray:
    """Views of square pictures, the first as it is: uint8 (n, views, s, s, 3) of (n, s, s, 3).

    >>> turned(np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3))[0, :, 0, 0, 0].tolist()
    [0, 6, 3, 0]
    """
    seen = [images, images[:, ::-1], images[:, :, ::-1], images.swapaxes(1, 2)]
    return np.stack(seen[:views], axis=1)
