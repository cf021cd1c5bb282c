"""The long steps of an audit as independent calls, so that the machines of a cluster share them."""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hemascope.audit.disk import Array, DiskArray, zeros
from hemascope.audit.features import CLASSES, SIZE, Features, extract_features, look
from hemascope.audit.quality import PROPERTIES
from hemascope.cores import usable_cores
from hemascope.data.manifest import Manifest
from hemascope.engine.tasks import Call, Tasks
from hemascope.files import atomic
from hemascope.predict.classifier import Classifier, load
from hemascope.progress import SILENT, Progress

_FEWEST = 1_024  # images of a part
_PARTS = 512  # at most


def parts_of(n: int) -> list[slice]:
    """The rows of each part of n images.

    >>> parts_of(2_500)
    [slice(0, 1024, None), slice(1024, 2048, None), slice(2048, 2500, None)]
    """
    size = max(_FEWEST, -(-n // _PARTS))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


class Spread:
    """Where the long steps of an audit run.

    Args:
        tasks: what runs them.
        folder: where they leave what they found and where the images lie; every machine sees it. A part of the
            features that lies there already is not looked at again: the folder belongs to one state of one source.
        progress: told of each step.
    """

    def __init__(self, tasks: Tasks, folder: Path, progress: Progress = SILENT) -> None:
        self.folder = folder.absolute()
        self._tasks, self._progress = tasks, progress
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("*.array"):  # by one that was killed
            left.unlink()

    def each(self, what: str, function: Callable[..., Any], common: Sequence[Any], parts: Sequence[Any]) -> list[Any]:
        """Call a function of a module with what is common to all calls and a part of its own; results in order."""
        sent = [self._tasks.put(one) for one in common]
        calls = [
            Call(f"part {number} of {len(parts)}", function, (*sent, part)) for number, part in enumerate(parts, 1)
        ]
        results: list[Any] = [None] * len(parts)
        for position, result in self._tasks.each(calls, what=what, progress=self._progress):
            results[position] = result
        return results

    def features(self, manifest: Manifest) -> Features:
        """As of `hemascope.audit.features.extract_features`, by parts that are kept in the folder."""
        n, slices = len(manifest), parts_of(len(manifest))
        files = [self.folder / f"features-{number:04d}.npz" for number in range(len(slices))]
        lacking = [
            (file, manifest.rows(np.arange(part.start, part.stop)))
            for file, part in zip(files, slices, strict=True)
            if not file.is_file()
        ]
        self.each("looking at the images", see_part, (), lacking)
        images = DiskArray((n, SIZE, SIZE, 3), np.uint8, self.folder / "images.array")
        errors, digests = np.empty(n, object), np.empty(n, object)
        measured = np.empty((n, len(PROPERTIES)))
        shows = np.empty((n, len(CLASSES)), np.float32)
        vectors: Array = np.zeros((n, 0), np.float16)
        for file, part in zip(files, slices, strict=True):
            with np.load(file) as found:
                images[part], measured[part] = found["images"], found["measured"]
                errors[part], shows[part], seen = found["errors"].astype(object), found["shows"], found["vectors"]
                digests[part] = [
                    bytes(one) if known else None for one, known in zip(found["digests"], found["known"], strict=True)
                ]
            if seen.shape[1]:  # else none of the part could be read
                vectors = vectors if vectors.shape[1] else zeros((n, seen.shape[1]), np.float16)
                vectors[part] = seen
        table = pd.DataFrame(measured, columns=PROPERTIES)
        return Features(manifest.with_columns(error=errors), images, list(digests), table, vectors, shows)

    def look(self, model: str, images: Array, rows: np.ndarray) -> Array:
        """The features that a shipped model sees in the chosen rows, in the places of all, as of `look`."""
        parts = [rows[part] for part in parts_of(len(rows))]
        vectors: Array = np.zeros((len(images), 0), np.float16)
        for part, seen in zip(
            parts, self.each("looking at the cells again", look_again, (model, images), parts), strict=True
        ):
            if not vectors.shape[1]:
                vectors = zeros((len(images), seen.shape[1]), np.float16)
            vectors[part] = seen
        return vectors


def see_part(part: tuple[Path, Manifest], *, progress: Progress = SILENT) -> None:
    """Look at the images of one part and write what is seen of them.

    Args:
        part: the file, and the images.
        progress: told of the images.
    """
    file, manifest = part
    found = extract_features(manifest, progress, _cores())
    known = np.array([digest is not None for digest in found.digests])
    with atomic(file) as temporary, temporary.open("wb") as written:
        np.savez(
            written,
            images=found.images[:],
            errors=np.array(found.manifest.table["error"].tolist(), str),
            digests=np.array([list(digest or bytes(16)) for digest in found.digests], np.uint8),
            known=known,
            measured=found.properties.to_numpy(),
            vectors=found.vectors[:],
            shows=found.shows,
        )


def look_again(model: str, images: Array, rows: np.ndarray, *, progress: Progress = SILENT) -> np.ndarray:
    """The features that a shipped model sees in some rows, float16 (m, d)."""
    _, vectors = look(_opened(model), images[rows], np.arange(len(rows)), "looking at the cells again", progress)
    return np.asarray(vectors[:])


@lru_cache(1)
def _opened(model: str) -> Classifier:
    return load(model, threads=_cores())


def _cores() -> int:
    """Cores of this call: Ray tells a task by the environment how many it was given."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(told), usable_cores()) if told.isdigit() and int(told) else usable_cores()
