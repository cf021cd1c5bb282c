"""The images that a head is taught by, and those of which some are to be labelled next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.adapt.lesson import FEWEST, MOST
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, SourceError
from hemascope.progress import SILENT, Progress


@dataclass(frozen=True)
class Cells:
    """What was read; copies of one image are there once.

    Attributes:
        names: of the images' files.
        images: uint8 (n, size, size, 3).
        labels: class names, "" where there is none.
        errors: why others could not be read.
    """

    names: list[str]
    images: np.ndarray
    labels: list[str]
    errors: list[str]


def read_labelled(
    source: str | Path, known: tuple[str, ...], size: int, *, seed: int, threads: int, progress: Progress = SILENT
) -> Cells:
    """Read labelled cells, at most `hemascope.adapt.lesson.MOST` of them, drawn by seed.

    Args:
        source: as in `hemascope.data.sources.open_source`; images without a label are passed over.
        known: the model's classes; others are new.
        size: side of the network's input in pixels.
        seed: of the draw.
        threads: images decoded at a time.
        progress: told of the images read.

    Raises:
        SourceError: no such source; fewer than `hemascope.adapt.lesson.FEWEST` labelled cells in all or of a new class.
    """
    manifest = open_source(source, progress=progress)
    chosen = np.flatnonzero(manifest.usable & (manifest.table["label"] != ""))
    chosen = np.random.default_rng(seed).permutation(chosen)[:MOST]
    cells = _read(manifest.rows(np.sort(chosen)), size, threads, progress, set())
    if len(cells.names) < FEWEST:
        why = f"; first of {len(cells.errors)} unreadable: {cells.errors[0]}" if cells.errors else ""
        raise SourceError(
            f"{source}: {len(cells.names):,} labelled cells, and teaching needs at least {FEWEST}{why}",
            "Label some more: twenty are a fair start.",
        )
    for name in sorted(set(cells.labels) - set(known)):
        if (count := cells.labels.count(name)) < FEWEST:
            raise SourceError(
                f"{source}: only {count} of {name!r}, a class that the model does not know; "
                f"a new class needs at least {FEWEST}",
                f"Label more of them, or spell the class as the model does: {', '.join(known)}.",
            )
    return cells


def read_unlabelled(
    sources: list[str],
    limit: int,
    size: int,
    *,
    seed: int,
    threads: int,
    without: Cells,
    progress: Progress = SILENT,
) -> Cells:
    """Read at most ``limit`` images of sources, drawn by seed, but not those that are labelled already.

    Raises:
        SourceError: no such source, or none of its images can be read.
    """
    tables = [open_source(source, unlabelled=True, progress=progress) for source in sources]
    others = [np.flatnonzero(~table.ids.isin(without.names)) for table in tables]
    places = [(number, row) for number, rows in enumerate(others) for row in rows]
    order = np.random.default_rng(seed).permutation(len(places))[:limit]
    parts = []
    seen = {image.tobytes() for image in without.images}
    for number, table in enumerate(tables):
        rows = sorted(places[at][1] for at in order if places[at][0] == number)
        parts.append(_read(table.rows(np.array(rows, np.int64)), size, threads, progress, seen))
    if not any(part.names for part in parts):
        raise SourceError(f"{', '.join(sources)}: no image can be read that is not labelled already", "Check the path.")
    return Cells(
        [name for part in parts for name in part.names],
        np.concatenate([part.images for part in parts if part.names]),
        [label for part in parts for label in part.labels],
        [error for part in parts for error in part.errors],
    )


def _read(manifest: Manifest, size: int, threads: int, progress: Progress, seen: set[bytes]) -> Cells:
    """All that can be read but what was seen already, to which they are added."""
    names, labels = manifest.ids.tolist(), manifest.table["label"].tolist()
    rows: list[int] = []
    images: list[np.ndarray] = []
    errors: list[str] = []
    progress.step("reading images", len(manifest))
    for row, image in map_images(manifest, lambda one: frame(one, size), threads):
        if isinstance(image, DecodeError):
            errors.append(image.problem)
        elif (content := image.tobytes()) not in seen:
            seen.add(content)
            rows.append(row)
            images.append(image)
        progress.done(row + 1)
    stacked = np.stack(images) if images else np.zeros((0, size, size, 3), np.uint8)
    return Cells([names[row] for row in rows], stacked, [labels[row] for row in rows], errors)
