"""The parts of a data set: which rows they have, and their images in memory."""

from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.data.dataset import Dataset, source_name
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.reading import read_images
from hemascope.data.remote.path import located
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, RunError
from hemascope.evaluate.predictions import check_classes
from hemascope.files import atomic
from hemascope.predict.rows import Layout
from hemascope.progress import Progress
from hemascope.train.fit import Part
from hemascope.train.laboratories import sites
from hemascope.train.run import Run

_SOME = 32


def part(manifest: Manifest, images: np.ndarray, split_name: str) -> Part:
    """The images, uint8 (n, size, size, 3) row by row those of the Manifest, and class numbers of one part.

    Raises:
        RunError: it has none.
    """
    chosen = manifest.part(split_name)
    if not chosen.any():
        raise RunError(
            f"{manifest.name or 'the source'} leaves no image in its {split_name} part",
            "Give more images or other fractions (--set fractions=[0.8,0.1,0.1]).",
        )
    return Part(images[chosen], manifest.targets()[chosen], places_of(manifest, chosen))


def places_of(manifest: Manifest, rows: np.ndarray) -> np.ndarray | None:
    """The laboratories of some rows as a `Part` has them."""
    places = sites(manifest)
    return places.numbers[rows] if places.names else None


def evaluated_part(manifest: Manifest) -> str:
    """The name of the part to show a model pictures of: val, else test, else train."""
    return next(name for name in ("val", "test", "train") if name == "train" or manifest.part(name).any())


def some_images(manifest: Manifest, split_name: str, count: int = _SOME) -> list[np.ndarray]:
    """About ``count`` pictures of a part as they are, uint8 (h, w, 3) each, from all over it.

    Raises:
        RunError: none of them can be read any more.
    """
    rows = np.flatnonzero(manifest.part(split_name))
    chosen = rows[:: max(1, len(rows) // count)][:count]
    read = [image for _, image in read_images(manifest.rows(chosen))]
    pictures = [image for image in read if not isinstance(image, DecodeError)]
    if not pictures and read:
        raise RunError(
            f"no image of the {split_name} part can be read any more: {read[0]}", "Go on with --resume then."
        )
    return pictures


def opened(source: str | Path | Dataset, progress: Progress) -> Manifest:
    """The Manifest of a source, whose classes may stand in a table of predictions.

    Raises:
        SourceError: no such source, or one that cannot be read.
        RunError: a class that is named like a column of the table.
    """
    manifest = open_source(source, progress=progress)
    check_classes(manifest.classes)
    taken = set(Layout((), 0.5, 0.5).columns) & set(manifest.classes)
    if taken:
        raise RunError(
            f"{source_name(source)}: a class cannot be named {min(taken)!r}: the tables of hemascope predict need the"
            " name",
            "Rename its folder or label; what is of no class needs none: leave it out.",
        )
    return manifest


def read_again(manifest: Manifest, size: int, progress: Progress) -> np.ndarray:
    """The images of a Run, uint8 (n, size, size, 3).

    Raises:
        RunError: one that could be read when the Run began no longer can, or the other way round.
    """
    pixels = load_pixels(manifest, size, progress=progress)
    changed = (pixels.manifest.table["error"] != manifest.table["error"]).to_numpy()
    if changed.any():
        row = int(np.argmax(changed))
        raise RunError(
            f"{manifest.ids.iloc[row]}: no longer readable ({pixels.manifest.table['error'].iloc[row]})",
            "Put the images back where they were when this training began, or begin a new one.",
        )
    return pixels.images


def example_image(run: Run) -> Path:
    """An evaluated image as a file, to try the model on: the original where it is a file, else a copy in the Run."""
    manifest = run.manifest()
    name = evaluated_part(manifest)
    row = manifest.rows(np.flatnonzero(manifest.part(name))[:1])
    if row.table["member"].iloc[0] == "":
        return located(row.table["path"].iloc[0])
    path = run.folder / "example.png"
    with atomic(path) as temporary:
        Image.fromarray(some_images(row, name)[0]).save(temporary)
    return path
