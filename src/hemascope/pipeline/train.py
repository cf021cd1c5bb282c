"""Beginning a Run and going on with one."""

import os
import platform
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from rich.console import Console

import hemascope
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.sources import open_source
from hemascope.data.splits import check_folds, fold_manifest, fold_numbers, into_train, limited, split
from hemascope.errors import RecipeError, RunError
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.predictions import Predictions, check_classes
from hemascope.evaluate.tta import measure_tta
from hemascope.models.inference import run_network
from hemascope.models.network import Network
from hemascope.pipeline.finish import finish
from hemascope.pipeline.folds import go_on_with_folds
from hemascope.pipeline.parts import TransferBar, check_start, mask, part, read, with_copies_together
from hemascope.report.data_part import reasons_dropped
from hemascope.train.device import choose_device, resolve_batch_size
from hemascope.train.fit import fit, new_network
from hemascope.train.folds import val_share
from hemascope.train.open_run import open_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import start_from

_LARGEST = 2**31  # bytes of one protobuf message, which a model file is
_WRITING = 8  # times the bytes of its weights that writing a model file takes (benchmarks/folds.py)


def divided(manifest: Manifest, recipe: Recipe) -> Manifest:
    """Fill the column ``split`` by the recipe: its fractions, without a test part for ``no_test``.

    For ``folds`` there are train, which is to be divided further, and test; a source's own val is part of train.

    Raises:
        SourceError: images that cannot be divided so.
        RunError: too few images for validation images in every fold.
        RecipeError: test-time augmentation of folds without a test part to measure it on.
    """
    train, val, test = recipe.fractions
    if recipe.no_test:
        return split(into_train(manifest, "test"), (train + test, val, 0.0), seed=recipe.seed)
    if not recipe.folds:
        return split(manifest, recipe.fractions, seed=recipe.seed)
    manifest = split(into_train(manifest, "val"), (train + val, 0.0, test), seed=recipe.seed)
    check_folds(manifest, recipe.folds, grouped=True)
    _check_fold_val(manifest, recipe, recipe.folds)
    if recipe.tta and not mask(manifest, "test").any():
        raise RecipeError(
            "tta with folds is measured on the test part, and there is none",
            "Set tta=false, or fractions with a test part.",
        )
    return manifest


def check_model_size(recipe: Recipe, network: Network) -> None:
    """Refuse folds, or rounds of a boosting, whose networks do not fit into one model file, or into memory to write it.

    Raises:
        RecipeError: more than 2 GiB of weights, or too many for the memory at hand.
    """
    rounds = recipe.boosting.rounds if recipe.boosting and recipe.boosting.over == "networks" else 1
    networks, many = (recipe.folds, "folds") if recipe.folds else (rounds, "boosting.rounds")
    size = 4 * sum(parameter.numel() for parameter in network.parameters()) * networks
    if size > 0.98 * _LARGEST:
        raise RecipeError(
            f"{networks} x {recipe.network} make a model file of {size / 2**30:.1f} GiB; its format ends at 2",
            "Choose a smaller network" + (f" or fewer {many}." if networks > 1 else "."),
        )
    free = psutil.virtual_memory().available
    if networks > 1 and _WRITING * size > free:
        raise RecipeError(
            f"the model file of {networks} x {recipe.network} takes {_WRITING * size / 2**30:.1f} GiB of memory to "
            f"write; {free / 2**30:.1f} GiB are free",
            f"Choose a smaller network or fewer {many}, or free memory.",
        )


def _check_fold_val(manifest: Manifest, recipe: Recipe, folds: int) -> None:
    share = val_share(recipe)
    if not share:
        return
    numbers = fold_numbers(manifest, folds, seed=recipe.seed)
    for number in range(1, folds + 1):
        if not mask(fold_manifest(manifest, numbers, number, share, seed=recipe.seed), "val").any():
            raise RunError(
                f"{manifest.name or 'the source'} has too few images for {folds} folds with validation images of their "
                f"own: fold {number} would have none",
                "Give more images, a larger val in fractions, or early_stopping.keep=last and "
                "early_stopping.patience=null, which need none.",
            )


def tell_data(manifest: Manifest, console: Console) -> None:
    """Print how many images each part has, and what was left out and why."""
    counts = {name: int(mask(manifest, name).sum()) for name in SPLITS}
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    console.print(f"{manifest.name or 'images'}: {parts}, {len(manifest.classes)} classes", highlight=False)
    errors = manifest.table["error"]
    unreadable = int((errors != "").sum())
    if unreadable:
        first = int(np.argmax((errors != "").to_numpy()))
        console.print(
            f"left out: {unreadable:,} unreadable, first {manifest.ids.iloc[first]} ({errors.iloc[first]}); "
            "all are listed in the report",
            highlight=False,
        )
    for reason, count in reasons_dropped(manifest).value_counts().items():
        console.print(f"left out: {count:,}, {reason}", highlight=False)


def go_on(run: Run, recipe: Recipe, manifest: Manifest, images: np.ndarray, console: Console) -> Run:
    """Train what is not trained yet and write all that a Run holds.

    Args:
        run: its folder.
        recipe: with ``batch_size`` resolved to a number.
        manifest: with splits.
        images: uint8 (n, size, size, 3), row by row those of the Manifest.
        console: where progress goes.
    """
    if recipe.folds:
        return go_on_with_folds(run, recipe, manifest, images, console)
    train_part, val_part = (part(manifest, images, name) for name in ("train", "val"))
    if run.members():
        network = open_network(run)  # of trainings that were finished elsewhere
    else:
        network = fit(run, recipe, len(manifest.classes), train_part, val_part, console)
    scored = mask(manifest, "val") | mask(manifest, "test")
    rows = manifest.rows(scored)
    logits = run_network(network, images[scored])
    on_val = (rows.table["split"] == "val").to_numpy()
    temperature = fit_temperature(logits[on_val], rows.targets()[on_val])
    predictions = Predictions.build(rows, logits, temperature)
    if recipe.tta:
        measure_tta(network, predictions, images[scored], recipe.input_size, recipe.tta_steps).write(run.folder)
    return finish(run, recipe, manifest, network, predictions, train_part, val_part.images, console)


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
