"""All images of a Manifest in memory, framed to one size, and which of them are identical."""

import hashlib
import os
from dataclasses import dataclass

import numpy as np

from hemascope.data import left_out
from hemascope.data.framing import frame
from hemascope.data.groups import identical_groups, merge_groups
from hemascope.data.manifest import Manifest
from hemascope.data.reading import map_images
from hemascope.errors import DecodeError, SourceError
from hemascope.progress import SILENT, Progress


@dataclass(frozen=True)
class Pixels:
    """Images in memory and their table, row by row.

    Attributes:
        images: uint8 (n, size, size, 3); zeros where the row has an error.
        manifest: the table, with ``error`` and ``group`` filled.
    """

    images: np.ndarray
    manifest: Manifest


def load_pixels(manifest: Manifest, size: int, *, threads: int | None = None, progress: Progress = SILENT) -> Pixels:
    """Read and frame every image; find the unreadable ones and the identical ones.

    Rows whose whole pictures (before framing) agree in every pixel get one ``group``: the lowest row position
    among them. Rows that shared a group before still do. Unreadable rows keep -1.

    Args:
        manifest: which images.
        size: side of the framed images in pixels.
        threads: how many decode at a time; one a CPU where not given.
        progress: told how many images are read, now and then and at the end.

    Raises:
        SourceError: the images do not fit into memory.
    """
    n = len(manifest)
    _require_memory(n * size * size * 3)
    images = np.zeros((n, size, size, 3), np.uint8)
    errors = manifest.table["error"].to_numpy(object).copy()
    digests: list[bytes | None] = [None] * n
    every = max(1, n // 200)

    def read(image: np.ndarray) -> tuple[bytes, np.ndarray]:
        return pixel_digest(image), frame(image, size)

    progress.step("reading images", n)
    more: dict[str, str] = {}
    for row, result in map_images(manifest, read, threads, more):
        if isinstance(result, DecodeError):
            errors[row] = result.problem
        else:
            digests[row], images[row] = result
        if (row + 1) % every == 0 or row + 1 == n:
            progress.done(row + 1)
    if more:
        progress.say(left_out.line(more))
    groups = merge_groups(manifest.table["group"].to_numpy(np.int64), identical_groups(digests))
    return Pixels(images, manifest.with_columns(error=errors, group=groups))


def pixel_digest(image: np.ndarray) -> bytes:
    """Sixteen bytes that agree for pictures, uint8 (h, w, 3), of the same size and pixels, and for no others."""
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


def _require_memory(needed: int) -> None:
    available = _available_memory()
    if available is not None and needed > available:
        raise SourceError(
            f"The images need {needed / 2**30:.1f} GiB of memory; {available / 2**30:.1f} GiB are free",
            "Choose a smaller image size or fewer images, or free memory.",
        )


def _available_memory() -> int | None:
    """Free memory in bytes, None where the system does not tell."""
    try:
        import psutil
    except ImportError:  # it comes with the extra `train`
        try:
            return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            return None
    return int(psutil.virtual_memory().available)


class Arranged:
    """The parts of many divisions of the same images as slices of one array, never as copies.

    Args:
        images: uint8 (n, h, w, 3); reordered in place by `parts`.

    >>> arranged = Arranged(np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1))
    >>> [part.ravel().tolist() for part in arranged.parts([np.array([4, 1]), np.array([0, 2])])]
    [[4, 1], [0, 2]]
    """

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self._rows = np.arange(len(images))  # which image lies at each place

    def parts(self, rows: list[np.ndarray]) -> list[np.ndarray]:
        """Views of the images of each list of rows, int (m,), no row twice; good until the next call."""
        wanted = np.concatenate(rows)
        rest = np.setdiff1d(np.arange(len(self.images)), wanted)
        self._arrange(np.concatenate([wanted, rest]))
        ends = np.cumsum([len(part) for part in rows])
        return [self.images[end - len(part) : end] for part, end in zip(rows, ends, strict=True)]

    def _arrange(self, order: np.ndarray) -> None:
        place = np.empty_like(self._rows)
        place[self._rows] = np.arange(len(self._rows))
        source = place[order]  # where what belongs at each place lies now
        moved = np.zeros(len(source), bool)
        for start in np.flatnonzero(source != np.arange(len(source))):
            if moved[start]:
                continue
            first, here = self.images[start].copy(), start
            while source[here] != start:  # along one cycle of the permutation, each image moves once
                self.images[here] = self.images[source[here]]
                moved[here], here = True, source[here]
            self.images[here] = first
            moved[here] = True
        self._rows = order
