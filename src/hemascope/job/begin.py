"""Beginning a Run and going on with one."""

import os
import platform
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

import hemascope
from hemascope.data.folds import check_folds
from hemascope.data.limit import limited
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source
from hemascope.errors import RunError
from hemascope.evaluate.predictions import check_classes
from hemascope.job.copies import with_copies_together
from hemascope.job.division import check_model_size, divided
from hemascope.job.go_on import go_on
from hemascope.job.parts import mask
from hemascope.job.reading import read
from hemascope.job.start import check_start
from hemascope.job.tell import tell_data
from hemascope.job.transfer_bar import TransferBar
from hemascope.train.device import choose_device, resolve_batch_size
from hemascope.train.fit import new_network
from hemascope.train.folds import val_share
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import start_from


def train(source: str, recipe: Recipe, folder: Path, console: Console) -> Run:
    """Train a classifier by a recipe and leave everything about it in a new folder.

    Args:
        source: what `hemascope.data.sources.open_source` reads.
        recipe: how to train.
        folder: where the Run goes; it must not hold one already.
        console: where progress goes.

    Raises:
        HemascopeError: a source, recipe or folder that cannot be used; nothing is written then.
    """
    new = Run(folder)
    new.check_free()
    if new.final_weights.exists() or new.last_checkpoint.exists():
        raise RunError(
            f"{folder} holds weights of a training that never began; this one would go on with them",
            f"Delete {new.final_weights.parent}, or name another folder with -o.",
        )
    with TransferBar(console) as progress:
        manifest = open_source(source, progress=progress)
    check_classes(manifest.classes)
    manifest = limited(manifest, recipe.limit, seed=recipe.seed)
    if recipe.folds:
        check_folds(manifest, recipe.folds)
        check_start(recipe, manifest)  # its division changes nothing, so before the images are read
    # Made here, and thrown away before the training, to refuse what cannot be made before the long work.
    network = new_network(recipe, len(manifest.classes), pretrained=recipe.pretrained and recipe.start is None)
    if recipe.start is not None:
        start_from(recipe.start, network)
    check_model_size(recipe, network)
    pixels = read(manifest, recipe.input_size, console)
    manifest = divided(with_copies_together(pixels, console), recipe)
    check_start(recipe, manifest)
    images = int(mask(manifest, "train").sum())
    if recipe.folds:
        images = int(images * (1 - 1 / recipe.folds) * (1 - val_share(recipe)))  # a fold's
    batch_size = resolve_batch_size(recipe, network, choose_device(), images)
    del network
    recipe = recipe.model_copy(update={"batch_size": batch_size})
    run = Run.create(folder, recipe, manifest, about(source))
    tell_data(manifest, console)
    return go_on(run, recipe, manifest, pixels.images, console)


def resume(folder: Path, console: Console) -> Run:
    """Go on with a Run that was interrupted; a finished one gets its scores, model file and report anew.

    Raises:
        RunError: not a Run, or its images are no longer what they were.
    """
    run = Run.open(folder)
    recipe, manifest = run.recipe(), run.manifest()
    return go_on(run, recipe, manifest, read_again(manifest, recipe.input_size, console), console)


def read_again(manifest: Manifest, size: int, console: Console) -> np.ndarray:
    """The images of a Run, uint8 (n, size, size, 3).

    Raises:
        RunError: one that could be read when the Run began no longer can, or the other way round.
    """
    pixels = read(manifest, size, console)
    changed = (pixels.manifest.table["error"] != manifest.table["error"]).to_numpy()
    if changed.any():
        row = int(np.argmax(changed))
        raise RunError(
            f"{manifest.ids.iloc[row]}: no longer readable ({pixels.manifest.table['error'].iloc[row]})",
            "Put the images back where they were when this training began, or begin a new one.",
        )
    return pixels.images


def about(source: str) -> dict[str, object]:
    """What a new Run notes of its making."""
    return {
        "source": source,
        "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "hemascope": hemascope.__version__,
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {choose_device().type}",
    }
