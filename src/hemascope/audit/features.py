"""What the audit sees of the images of a set: all that its checks need to know of each."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from hemascope.audit.quality import PROPERTIES, properties
from hemascope.data import left_out
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import pixel_digest
from hemascope.data.reading import map_images
from hemascope.errors import DecodeError
from hemascope.predict.classifier import Classifier, load
from hemascope.progress import SILENT, Progress

CLASSES = ("cell", "junk", "blank")
"""What the embedded network tells apart; scripts/train_auditor.py makes it."""

SIZE = 96
"""Side of the images that it sees, in pixels."""


@lru_cache
def auditor() -> Classifier:
    """The embedded network: a Classifier of `CLASSES` whose features come from several depths."""
    return load(Path(__file__).parent / "weights" / "auditor.onnx")


@dataclass(frozen=True)
class Features:
    """What is seen of each of n images.

    Attributes:
        manifest: as the source gives it, with ``error`` filled.
        images: uint8 (n, 96, 96, 3), framed; zeros where unreadable.
        digests: of the whole picture's pixels; None where unreadable.
        properties: as `hemascope.audit.quality.properties` measures them; NaN where unreadable.
        vectors: float16 (n, d), the embedded network's features, which half the memory holds as well; zeros where
            unreadable.
        shows: float32 (n, 3), probabilities of `hemascope.audit.features.CLASSES`; NaN where unreadable.
    """

    manifest: Manifest
    images: np.ndarray
    digests: list[bytes | None]
    properties: pd.DataFrame
    vectors: np.ndarray
    shows: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        """True for every image that could be decoded, bool (n,)."""
        return (self.manifest.table["error"] == "").to_numpy()


def extract_features(manifest: Manifest, progress: Progress = SILENT) -> Features:
    """Read every image and see what it shows; what cannot be read gets its reason in ``error``.

    Args:
        manifest: which images.
        progress: told of the images read, and of those that the network has seen.
    """
    n = len(manifest)
    images = np.zeros((n, SIZE, SIZE, 3), np.uint8)
    errors = manifest.table["error"].to_numpy(object).copy()
    digests: list[bytes | None] = [None] * n
    measured: list[dict[str, float]] = [{}] * n

    def read(image: np.ndarray) -> tuple[bytes, np.ndarray, dict[str, float]]:
        framed = frame(image, SIZE)
        return pixel_digest(image), framed, properties(framed, image.shape[1], image.shape[0])

    progress.step("reading images", n)
    more: dict[str, str] = {}
    for row, result in map_images(manifest, read, left_out=more):
        if isinstance(result, DecodeError):
            errors[row] = result.problem
        else:
            digests[row], images[row], measured[row] = result
        if (row + 1) % 50 == 0 or row + 1 == n:
            progress.done(row + 1)
    if more:
        progress.say(left_out.line(more))
    manifest = manifest.with_columns(error=errors)
    shows, vectors = look(auditor(), images, np.flatnonzero(errors == ""), "looking at the images", progress)
    properties_table = pd.DataFrame(measured, index=range(n), columns=PROPERTIES)
    return Features(manifest, images, digests, properties_table, vectors, shows)


def look(
    network: Classifier, images: np.ndarray, rows: np.ndarray, step: str, progress: Progress = SILENT
) -> tuple[np.ndarray, np.ndarray]:
    """What a network says of the chosen rows, in the places of all.

    Args:
        network: whose eyes.
        images: uint8 (n, s, s, 3).
        rows: positions of those to look at.
        step: its name in words, for ``progress``.
        progress: told of the images that it has seen.

    Returns:
        Probabilities, float32 (n, k), NaN in the other rows; and features, float16 (n, d), zeros there.
    """
    shows = np.full((len(images), len(network.classes)), np.nan, np.float32)
    vectors = np.zeros((len(images), 0), np.float16)
    starts = range(0, len(rows), network.batch)

    def run(start: int) -> tuple[np.ndarray, list[np.ndarray]]:
        chosen = rows[start : start + network.batch]
        return chosen, network.run_all(images[chosen])

    progress.step(step, len(rows))
    with ThreadPoolExecutor(network.threads) as pool:
        for start, (chosen, (probabilities, seen)) in zip(starts, pool.map(run, starts), strict=True):
            if vectors.shape[1] == 0:
                vectors = np.zeros((len(images), seen.shape[1]), np.float16)
            shows[chosen], vectors[chosen] = probabilities, seen
            progress.done(min(start + network.batch, len(rows)))
    return shows, vectors


_COMPONENTS = 256
_ON_MAP = 2_000  # more points cost minutes and are not seen apart
_FEWEST_ON_MAP = 10


def embed(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The first principal components of standardised feature vectors.

    Args:
        vectors: float (n, d).
        rows: positions of the images to learn from and to embed.

    Returns:
        float32 (n, 256) or fewer columns where there are few images; zeros in the other rows.
    """
    if len(rows) < 2:
        return np.zeros((len(vectors), 1), np.float32)
    components = min(_COMPONENTS, vectors.shape[1], max(2, len(rows) // 4), len(rows))
    seen = StandardScaler(copy=False).fit_transform(vectors[rows].astype(np.float32))
    embedded = PCA(components, svd_solver="randomized", random_state=0).fit_transform(seen)
    result = np.zeros((len(vectors), components), np.float32)
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
