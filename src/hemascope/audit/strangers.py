"""Images unlike all others in the set."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from hemascope.audit.scale import robust_z

_NEIGHBOURS = 5  # copies of a strange image, if they are few, do not make it usual
_COMPONENTS = 64


def strangeness(embedding: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How far each image lies from its fifth nearest neighbour, compared with the rest of the set.

    Args:
        embedding: float32 (n, d), as of `hemascope.audit.embedding.embed`.
        rows: positions of the images that it holds.

    Returns:
        float64 (n,): deviations (1.4826 MAD) of the distance's logarithm from its median; NaN in the other rows.
    """
    distance = np.full(len(embedding), np.nan)
    if len(rows) > _NEIGHBOURS:
        points = embedding[rows, :_COMPONENTS]
        nearest, _ = NearestNeighbors(n_neighbors=_NEIGHBOURS + 1).fit(points).kneighbors(points)
        distance[rows] = np.log(np.maximum(nearest[:, -1], 1e-6))
    return robust_z(distance, np.zeros(len(embedding)), floor=0.05)
