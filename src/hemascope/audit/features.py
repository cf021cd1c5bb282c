"""One pass over the images of a set: all that the checks of the audit need to know of each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from hemascope.audit.quality import PROPERTIES, properties
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import pixel_digest
from hemascope.data.reading import map_images
from hemascope.errors import DecodeError
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.modelfile import BATCH

CLASSES = ("cell", "junk", "blank")
"""What the embedded network tells apart; scripts/train_auditor.py makes it."""

SIZE = 96
"""Side of the images that it sees, in pixels."""


@lru_cache
def auditor() -> Classifier:
    """The embedded network: a Classifier of `CLASSES` whose features come from several depths."""
    return load(Path(__file__).parent / "weights" / "auditor.onnx")


@dataclass(frozen=True)
class Looks:
    """What is known of each of n images.

    Attributes:
        manifest: as the source gives it, with ``error`` filled.
        images: uint8 (n, 96, 96, 3), framed; zeros where unreadable.
        digests: of the whole picture's pixels; None where unreadable.
        properties: as `hemascope.audit.quality.properties` measures them; NaN where unreadable.
        features: float16 (n, d) of the embedded network, which half the memory holds as well; zeros where unreadable.
        shows: float32 (n, 3), probabilities of `hemascope.audit.features.CLASSES`; NaN where unreadable.
    """

    manifest: Manifest
    images: np.ndarray
    digests: list[bytes | None]
    properties: pd.DataFrame
    features: np.ndarray
    shows: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        """True for every image that could be decoded, bool (n,)."""
        return (self.manifest.table["error"] == "").to_numpy()


def look(manifest: Manifest, progress: Callable[[str, int, int], None] | None = None) -> Looks:
    """Read every image and look at it; what cannot be read gets its reason in ``error``.

    Args:
        manifest: which images.
        progress: called with the step, the images done and their number.
    """
    n = len(manifest)
    images = np.zeros((n, SIZE, SIZE, 3), np.uint8)
    errors = manifest.table["error"].to_numpy(object).copy()
    digests: list[bytes | None] = [None] * n
    measured: list[dict[str, float]] = [{}] * n

    def read(image: np.ndarray) -> tuple[bytes, np.ndarray, dict[str, float]]:
        framed = frame(image, SIZE)
        return pixel_digest(image), framed, properties(framed, image.shape[1], image.shape[0])

    for row, result in map_images(manifest, read):
        if isinstance(result, DecodeError):
            errors[row] = result.problem
        else:
            digests[row], images[row], measured[row] = result
        if progress and ((row + 1) % 50 == 0 or row + 1 == n):
            progress("reading", row + 1, n)
    manifest = manifest.with_columns(error=errors)
    features, shows = _seen(images, np.flatnonzero(errors == ""), progress)
    properties_table = pd.DataFrame(measured, index=range(n), columns=PROPERTIES)
    return Looks(manifest, images, digests, properties_table, features, shows)


def _seen(
    images: np.ndarray, rows: np.ndarray, progress: Callable[[str, int, int], None] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Features and probabilities of the chosen rows, in the places of all."""
    network = auditor()
    shows = np.full((len(images), len(network.classes)), np.nan, np.float32)
    features = np.zeros((len(images), 0), np.float16)
    starts = range(0, len(rows), BATCH)

    def run(start: int) -> tuple[np.ndarray, list[np.ndarray]]:
        chosen = rows[start : start + BATCH]
        return chosen, network.run_all(images[chosen])

    with ThreadPoolExecutor(network.threads) as pool:
        for start, (chosen, (probabilities, seen)) in zip(starts, pool.map(run, starts), strict=True):
            if features.shape[1] == 0:
                features = np.zeros((len(images), seen.shape[1]), np.float16)
            shows[chosen], features[chosen] = probabilities, seen
            if progress:
                progress("looking", min(start + BATCH, len(rows)), len(rows))
    return features, shows
