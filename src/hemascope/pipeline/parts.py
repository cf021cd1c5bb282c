"""The parts of a data set: which rows they have, and their images in memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hemascope.audit.duplicates.pair import joined
from hemascope.audit.duplicates.search import IDENTICAL, near_duplicates
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import Pixels, load_pixels
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError, RunError
from hemascope.files import atomic
from hemascope.progress import Terminal
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

_SOME = 32


def part(manifest: Manifest, images: np.ndarray, split_name: str) -> Part:
    """The images, uint8 (n, size, size, 3) row by row those of the Manifest, and class numbers of one part.

    Raises:
        RunError: it has none.
    """
    chosen = mask(manifest, split_name)
    if not chosen.any():
        raise RunError(
            f"{manifest.name or 'the source'} leaves no image in its {split_name} part",
            "Give more images or other fractions (--set fractions=[0.8,0.1,0.1]).",
        )
    return Part(images[chosen], manifest.targets()[chosen])


def mask(manifest: Manifest, split_name: str) -> np.ndarray:
    """True, bool (n,), for the rows of a part that can be trained on or scored."""
    known = manifest.table["label"].isin(manifest.classes)
    return (manifest.usable & known & (manifest.table["split"] == split_name)).to_numpy()


def evaluated_part(manifest: Manifest) -> str:
    """The name of the part to show a model pictures of: val, else test, else train."""
    return next(name for name in ("val", "test", "train") if name == "train" or mask(manifest, name).any())


def some_images(manifest: Manifest, split_name: str, count: int = _SOME) -> list[np.ndarray]:
    """About ``count`` pictures of a part as they are, uint8 (h, w, 3) each, from all over it."""
    rows = np.flatnonzero(mask(manifest, split_name))
    chosen = rows[:: max(1, len(rows) // count)][:count]
    return [image for _, image in read_images(manifest.rows(chosen)) if not isinstance(image, DecodeError)]


def read(manifest: Manifest, size: int, console: Console) -> Pixels:
    """The images of a Manifest, framed to ``size`` pixels, and its table with errors and identical images."""
    with Terminal() as progress:
        return load_pixels(manifest, size, progress=progress)


class TransferBar:
    """A progress bar that appears only when bytes are fetched."""

    def __init__(self, console: Console) -> None:
        self.bar = Progress(console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> "TransferBar":
        return self

    def __call__(self, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` bytes are here."""
        if not self.bar.task_ids:
            self.bar.start()
            self.bar.add_task("fetching", total=total)
        self.bar.update(self.bar.task_ids[0], completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def with_copies_together(pixels: Pixels, console: Console) -> Manifest:
    """The Manifest with near duplicates in one ``group``; takes a second for 1,000 images."""
    manifest = pixels.manifest
    columns = (TextColumn("looking for copies"), BarColumn(bar_width=20))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        pairs = near_duplicates(
            pixels.images,
            manifest.usable.to_numpy(),
            progress=lambda _, done, total: progress.update(task, completed=done, total=total),
        )
    group = joined(manifest.table["group"].to_numpy(np.int64), pairs)
    near = group[[pair.first for pair in pairs if pair.relation != IDENTICAL]]
    if len(near):
        console.print(
            f"near duplicates: {int(np.isin(group, near).sum()):,} images in {len(np.unique(near)):,} groups, kept on "
            "one side of every split",
            highlight=False,
        )
    return manifest.with_columns(group=group)


def check_start(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse a start from a network that was trained on images which this training scores.

    The Run that it starts from, and those that this one started from in turn, as far as they are still there, must not
    have trained on an image of val or test, nor have chosen their epoch by one of test. With ``folds`` every image is
    scored, before and after the division.

    Args:
        recipe: what it starts from, and whether it has folds.
        manifest: with splits, but for ``folds``.

    Raises:
        RunError: such images.
    """
    for run in _ancestors(recipe.start):
        theirs = run.manifest()
        trained = manifest.ids.isin(theirs.ids[mask(theirs, "train")]).to_numpy()
        known = manifest.ids.isin(theirs.ids[mask(theirs, "val")]).to_numpy() | trained
        seen = known if recipe.folds else (mask(manifest, "val") & trained) | (mask(manifest, "test") & known)
        if seen.any():
            raise RunError(
                f"start: {run.folder} was trained on {int(seen.sum()):,} of the images that this training would be "
                f"scored by, such as {manifest.ids[seen].iloc[0]}",
                "Start from a Run of other images, or leave out start."
                if recipe.folds
                else f"Divide the images as it did: name {run.manifest_file} as the source; or leave out start.",
            )


def _ancestors(start: str | None) -> Iterator[Run]:
    passed: set[Path] = set()
    while start is not None and (folder := Path(start).resolve()) not in passed and (folder / "run.json").is_file():
        passed.add(folder)
        yield (run := Run.open(Path(start)))
        start = run.recipe().start


def example_image(run: Run) -> Path:
    """An evaluated image as a file, to try the model on: the original where it is a file, else a copy in the Run."""
    manifest = run.manifest()
    name = evaluated_part(manifest)
    row = manifest.rows(np.flatnonzero(mask(manifest, name))[:1])
    if row.table["member"].iloc[0] == "":
        return Path(row.table["path"].iloc[0])
    path = run.folder / "example.png"
    with atomic(path) as temporary:
        Image.fromarray(some_images(row, name)[0]).save(temporary)
    return path
