"""The features of the embedded network in fewer dimensions: for label checks, and as a map to look at."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

_COMPONENTS = 256
_ON_MAP = 2_000  # more points cost minutes and are not seen apart
_FEWEST_ON_MAP = 10


def embed(features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The first principal components of standardised features.

    Args:
        features: float (n, d).
        rows: positions of the images to learn from and to embed.

    Returns:
        float32 (n, 256) or fewer columns where there are few images; zeros in the other rows.
    """
    if len(rows) < 2:
        return np.zeros((len(features), 1), np.float32)
    components = min(_COMPONENTS, features.shape[1], max(2, len(rows) // 4), len(rows))
    seen = StandardScaler(copy=False).fit_transform(features[rows].astype(np.float32))
    embedded = PCA(components, svd_solver="randomized", random_state=0).fit_transform(seen)
    result = np.zeros((len(features), components), np.float32)
    result[rows] = embedded
    return result


def draw_map(embedding: np.ndarray, rows: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Place images on a plane so that like ones lie together (t-SNE: van der Maaten & Hinton 2008).

    Args:
        embedding: float32 (n, d), as of `embed`.
        rows: positions of the images that it holds.
        first: positions of images that must be on the map; the rest is drawn at random up to 2,000 in all.

    Returns:
        float32 (n, 2), NaN where an image has no place.
    """
    positions = np.full((len(embedding), 2), np.nan, np.float32)
    rng = np.random.default_rng(0)
    wanted = rng.permutation(np.intersect1d(first, rows))[: _ON_MAP // 2]
    others = rng.permutation(np.setdiff1d(rows, wanted))
    chosen = np.sort(np.concatenate([wanted, others[: _ON_MAP - len(wanted)]]).astype(np.int64))
    if len(chosen) < _FEWEST_ON_MAP:
        return positions
    tsne = TSNE(perplexity=min(30.0, (len(chosen) - 1) / 3), init="pca", random_state=0, max_iter=500)
    positions[chosen] = tsne.fit_transform(embedding[chosen, :50])
    return positions
