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

from hemascope.audit.disk import Array, zeros
from hemascope.audit.quality import PROPERTIES, properties
from hemascope.cores import usable_cores
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
def auditor(threads: int | None = None) -> Classifier:
    """The embedded network: a Classifier of `CLASSES` whose features come from several depths."""
    return load(Path(__file__).parent / "weights" / "auditor.onnx", threads=threads)


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
    images: Array
    digests: list[bytes | None]
    properties: pd.DataFrame
    vectors: Array
    shows: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        """True for every image that could be decoded, bool (n,)."""
        return (self.manifest.table["error"] == "").to_numpy()


def extract_features(manifest: Manifest, progress: Progress = SILENT, threads: int | None = None) -> Features:
    """Read every image and see what it shows; what cannot be read gets its reason in ``error``.

    Args:
        manifest: which images.
        progress: told of the images read, and of those that the network has seen.
        threads: images worked on at a time; one a core where not given.
    """
    n = len(manifest)
    images = zeros((n, SIZE, SIZE, 3), np.uint8)
    errors = manifest.table["error"].to_numpy(object).copy()
    digests: list[bytes | None] = [None] * n
    measured = np.full((n, len(PROPERTIES)), np.nan)

    def read(image: np.ndarray) -> tuple[bytes, np.ndarray, list[float]]:
        framed = frame(image, SIZE)
        found = properties(framed, image.shape[1], image.shape[0])
        return pixel_digest(image), framed, [found[name] for name in PROPERTIES]

    progress.step("reading images", n)
    more: dict[str, str] = {}
    for row, result in map_images(manifest, read, threads, more):
        if isinstance(result, DecodeError):
            errors[row] = result.problem
        else:
            digests[row], images[row], measured[row] = result
        if (row + 1) % 50 == 0 or row + 1 == n:
            progress.done(row + 1)
    if more:
        progress.say(left_out.line(more))
    manifest = manifest.with_columns(error=errors)
    shows, vectors = look(auditor(threads), images, np.flatnonzero(errors == ""), "looking at the images", progress)
    properties_table = pd.DataFrame(measured, columns=PROPERTIES)
    return Features(manifest, images, digests, properties_table, vectors, shows)


def look(
    network: Classifier, images: Array, rows: np.ndarray, step: str, progress: Progress = SILENT
) -> tuple[np.ndarray, Array]:
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
    vectors: Array = np.zeros((len(images), 0), np.float16)
    starts = range(0, len(rows), network.batch)

    def run(start: int) -> tuple[np.ndarray, list[np.ndarray]]:
        chosen = rows[start : start + network.batch]
        return chosen, network.run_all(images[chosen])

    progress.step(step, len(rows))
    with ThreadPoolExecutor(network.threads) as pool:
        for start, (chosen, (probabilities, seen)) in zip(starts, pool.map(run, starts), strict=True):
            if vectors.shape[1] == 0:
                vectors = zeros((len(images), seen.shape[1]), np.float16)
            shows[chosen], vectors[chosen] = probabilities, seen
            progress.done(min(start + network.batch, len(rows)))
    return shows, vectors


_COMPONENTS = 256
_LEARNT = 131_072  # images that the components are learnt from; more would not change them, but fill the memory
_AT_ONCE = 4_096
_COLUMNS = 128  # scaled at a time: the scaler works on copies in float64
_ON_MAP = 2_000  # more points cost minutes and are not seen apart
_FEWEST_ON_MAP = 10


def embed(vectors: Array, rows: np.ndarray) -> np.ndarray:
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
    result = np.zeros((len(vectors), components), np.float32)
    learnt = rows if len(rows) <= _LEARNT else np.sort(np.random.default_rng(0).choice(rows, _LEARNT, replace=False))
    pca = PCA(components, svd_solver="randomized", random_state=0, copy=False)
    values = _single(vectors, learnt)
    columns = [slice(start, start + _COLUMNS) for start in range(0, values.shape[1], _COLUMNS)]
    scalers = [StandardScaler(copy=False) for _ in columns]

    def learn(scaler: StandardScaler, part: slice) -> None:
        values[:, part] = scaler.fit_transform(values[:, part])

    with ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(learn, scalers, columns))
    result[learnt] = pca.fit_transform(values)
    others = np.setdiff1d(rows, learnt, assume_unique=True)
    for start in range(0, len(others), _AT_ONCE):
        chosen = others[start : start + _AT_ONCE]
        values = _single(vectors, chosen)
        for scaler, part in zip(scalers, columns, strict=True):
            values[:, part] = scaler.transform(values[:, part])
        result[chosen] = pca.transform(values)
    return result


def _single(vectors: Array, rows: np.ndarray) -> np.ndarray:
    """Some rows as float32 (m, d), a block after the other, so that they are in memory once."""
    chosen = np.empty((len(rows), vectors.shape[1]), np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        chosen[start : start + _AT_ONCE] = vectors[rows[start : start + _AT_ONCE]]
    return chosen


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
