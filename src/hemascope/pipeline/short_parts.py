"""Small parts of a source in memory, for the short trainings of a search."""

from pathlib import Path

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.splits import limited, split
from hemascope.pipeline.checks import check_start
from hemascope.pipeline.division import with_copies_together
from hemascope.pipeline.parts import opened, part
from hemascope.progress import SILENT, Progress
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe


def read_parts(
    source: str | Path, recipe: Recipe, *, train: int, val: int, test: int = 0, progress: Progress = SILENT
) -> tuple[tuple[str, ...], dict[str, Part]]:
    """The parts of a source in memory, for short trainings: copies on one side, classes in proportion.

    Args:
        source: what `hemascope.data.sources.open_source` reads; splits that it names are kept.
        recipe: its input size and seed.
        train: about so many images to train on.
        val: about so many for each other part.
        test: about so many to keep apart as ``test`` where the source names no such part; 0: none.
        progress: what it reports to.

    Returns:
        The classes, and the parts ``train``, ``val`` and, where the source names one or it is asked for, ``test``.

    Raises:
        HemascopeError: a source that cannot be used, or a recipe that starts from a network which knows these images.
    """
    manifest = opened(source, progress)
    splits = manifest.table["split"]
    named = set(splits)
    kept_apart = 0 if "test" in named else test
    whole = (train if "val" in named else train + val) + kept_apart
    most = {"": whole, "train": whole, "val": val, "test": test or val}
    parts = [limited(manifest.rows(splits == name), count, seed=recipe.seed) for name, count in most.items()]
    chosen = manifest.rows(manifest.ids.isin([name for part in parts for name in part.ids]))
    pixels = load_pixels(chosen, recipe.input_size, progress=progress)
    manifest = with_copies_together(pixels, progress)
    if kept_apart and "val" in named:
        manifest = _with_test(manifest, test / (train + test), recipe.seed)
        kept_apart = 0
    total = train + val + kept_apart
    manifest = split(manifest, (train / total, val / total, kept_apart / total), seed=recipe.seed)
    check_start(recipe.model_copy(update={"folds": None}), manifest)
    names = ("train", "val", "test") if manifest.part("test").any() else ("train", "val")
    return manifest.classes, {name: part(manifest, pixels.images, name) for name in names}


def _with_test(manifest: Manifest, share: float, seed: int) -> Manifest:
    """A test part cut from train, where the source names val and no test."""
    rows = np.flatnonzero(manifest.table["split"] == "train")
    cut = manifest.rows(rows)
    cut = split(cut.with_columns(split=np.full(len(rows), "")), (1 - share, 0.0, share), seed=seed)
    splits = manifest.table["split"].to_numpy(object).copy()
    splits[rows] = cut.table["split"].where(cut.table["split"] != "", "train")
    return manifest.with_columns(split=splits)
