"""The parts of a data set: which rows they have, and their images in memory."""

import numpy as np
from rich.console import Console

from hemascope.data.limit import limited
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.data.splits import split
from hemascope.errors import DecodeError, RunError
from hemascope.evaluate.predictions import check_classes
from hemascope.job.copies import with_copies_together
from hemascope.job.reading import read
from hemascope.job.transfer_bar import TransferBar
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

_SOME = 32


def read_parts(
    source: str, recipe: Recipe, console: Console, *, train: int, val: int, test: int = 0
) -> tuple[tuple[str, ...], dict[str, Part]]:
    """The parts of a source in memory, for short trainings: copies on one side, classes in proportion.

    Args:
        source: what `hemascope.data.sources.open_source` reads; splits that it names are kept.
        recipe: its input size and seed.
        console: where progress goes.
        train: about so many images to train on.
        val: about so many for each other part.
        test: about so many to keep apart as ``test`` where the source names no such part; 0: none.

    Returns:
        The classes, and the parts ``train``, ``val`` and, where the source names one or it is asked for, ``test``.

    Raises:
        HemascopeError: a source that cannot be used.
    """
    with TransferBar(console) as progress:
        manifest = open_source(source, progress=progress)
    check_classes(manifest.classes)
    splits = manifest.table["split"]
    named = set(splits)
    kept_apart = 0 if "test" in named else test
    whole = (train if "val" in named else train + val) + kept_apart
    most = {"": whole, "train": whole, "val": val, "test": test or val}
    parts = [limited(manifest.rows(splits == name), count, seed=recipe.seed) for name, count in most.items()]
    chosen = manifest.rows(manifest.ids.isin([name for part in parts for name in part.ids]))
    pixels = read(chosen, recipe.input_size, console)
    manifest = with_copies_together(pixels, console)
    if kept_apart and "val" in named:
        manifest = _with_test(manifest, test / (train + test), recipe.seed)
        kept_apart = 0
    total = train + val + kept_apart
    manifest = split(manifest, (train / total, val / total, kept_apart / total), seed=recipe.seed)
    names = ("train", "val", "test") if mask(manifest, "test").any() else ("train", "val")
    return manifest.classes, {name: part(manifest, pixels.images, name) for name in names}


def _with_test(manifest: Manifest, share: float, seed: int) -> Manifest:
    """A test part cut from train, where the source names val and no test."""
    rows = np.flatnonzero(manifest.table["split"] == "train")
    cut = manifest.rows(rows)
    cut = split(cut.with_columns(split=np.full(len(rows), "")), (1 - share, 0.0, share), seed=seed)
    splits = manifest.table["split"].to_numpy(object).copy()
    splits[rows] = cut.table["split"].where(cut.table["split"] != "", "train")
    return manifest.with_columns(split=splits)


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
