"""A training from its source to all that its Run holds: begun, and gone on with."""

import os
import platform
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import hemascope
from hemascope.data.dataset import Dataset, source_name
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.remote.mirror import as_given, into_folder, put_so_far, taken_up
from hemascope.data.splits import check_folds, limited
from hemascope.engine.where import HERE, Where
from hemascope.errors import RecipeError
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.tta import measure_tta
from hemascope.models.network import Network, run_network
from hemascope.pipeline.checks import check_model_size, check_new, check_start, check_where
from hemascope.pipeline.division import by_laboratory, divided, val_share, with_copies_together
from hemascope.pipeline.finish import finish
from hemascope.pipeline.folds import go_on_with_folds
from hemascope.pipeline.parts import opened, part, read_again
from hemascope.predict.unlike import mean_colours
from hemascope.progress import SILENT, Progress
from hemascope.report.data_part import reasons_dropped
from hemascope.train.device import check_batch, choose_device, on_device, resolve_batch_size
from hemascope.train.fit import take_part
from hemascope.train.kinds import fit_network, open_network
from hemascope.train.launch import several
from hemascope.train.processes import devices_used
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run
from hemascope.train.start import first_network, learnt_from
from hemascope.train.tracking import check_tracker

_COMMAND = "hemascope train"


def train(
    source: str | Path | Dataset,
    recipe: str | Path | Recipe = "standard",
    *,
    set: Iterable[str] | Mapping[str, Any] = (),
    output: str | Path | None = None,
    on: str | None = None,
    cores_each: int | None = None,
    gpus_each: float | None = None,
    device: str | None = None,
    devices: int | None = None,
    num_nodes: int = 1,
    progress: Progress = SILENT,
) -> Run:
    """Train a classifier on labelled images and leave everything about it in a new folder.

    The Run has the scores on images kept apart, report.html and model.onnx. One that was interrupted is gone on with
    by `resume`; at most an epoch is lost.

    Several devices share every batch of the recipe's ``batch_size``. The first process reads the images and writes the
    Run; those that torchrun began beside it, or another machine's, help to fit and return when it is done.

    Args:
        source: labelled images, what `hemascope.data.sources.open_source` reads: also objects of `datasets`.
        recipe: how to train: a shipped recipe's name, a YAML file or a Recipe.
        set: changes of the recipe: ``["epochs=10"]`` or ``{"epochs": 10}``.
        output: folder of the Run, or its URL, where the checkpoints go too; runs/RECIPE-TIME where not given.
        on: train the folds side by side on a Ray cluster, "ray" or its address; its machines share ``output``.
        cores_each: cores of each fold there; the cluster's divided among them where not given.
        gpus_each: GPUs of each fold, also a part of one; one where the cluster has any.
        device: cpu, cuda, cuda:1, mps (a Mac's GPU) or auto, the best one there; where not given, the environment
            variable HEMASCOPE_DEVICE says it, else auto.
        devices: so many of them on each machine, a process each; where not given, as torchrun says, else one.
        num_nodes: machines that run this same call.
        progress: what it reports to.

    Raises:
        HemascopeError: a source, recipe, folder or device that cannot be used; nothing is written then.

    >>> train("synthetic", "quick", set={"epoch": 10})
    Traceback (most recent call last):
    ...
    hemascope.errors.RecipeError: recipe quick: unknown key 'epoch' (valid: name, ... Did you mean epochs?
    """
    chosen, where = load_recipe(recipe, set), Where(on, cores_each, gpus_each)
    check_where(where, chosen)
    _not_both(where, devices, num_nodes)
    with on_device(device), several(devices, num_nodes) as group:
        if group and not group.place.leads:
            return Run(Path(take_part(group)))
        run = _train(source, chosen, where, output=output, progress=progress)
        if group:
            group.end(str(run.folder))
        return run


def _not_both(where: Where, devices: int | None, num_nodes: int) -> None:
    """Refuse a cluster's folds that would each be trained by several processes."""
    if where.on and ((devices or 1) > 1 or num_nodes > 1):
        raise RecipeError("--on trains each fold on one device", "Leave out --on, or --devices and --num-nodes.")


@into_folder(_COMMAND)
def _train(source: str | Path, chosen: Recipe, where: Where, *, output: str | Path | None, progress: Progress) -> Run:
    folder = Path("runs") / f"{chosen.name}-{time.strftime('%Y%m%d-%H%M%S')}" if output is None else Path(output)
    check_new(Run(folder))
    check_tracker(chosen.logger)
    manifest = limited(opened(source, progress), chosen.limit, seed=chosen.seed)
    chosen = by_laboratory(manifest, chosen, SILENT)
    # Made here, and thrown away before the training, to refuse what cannot be made before the long work.
    network = checked_network(chosen, manifest)
    pixels = load_pixels(manifest, chosen.input_size, progress=progress)
    manifest = with_copies_together(pixels, progress)
    chosen = by_laboratory(manifest, chosen, progress)  # again, since it may be copies that they share
    manifest = divided(manifest, chosen)
    check_start(chosen, manifest)
    chosen = with_batch_size(chosen, network, manifest)
    del network
    run = Run.create(folder, chosen, manifest, about(source))
    tell_data(manifest, progress)
    if chosen.start and (learnt := learnt_from(chosen.start)):
        progress.say(learnt)
    return go_on(run, chosen, manifest, pixels.images, progress, where)


def resume(
    run: str | Path | Run,
    *,
    on: str | None = None,
    cores_each: int | None = None,
    gpus_each: float | None = None,
    device: str | None = None,
    devices: int | None = None,
    num_nodes: int = 1,
    progress: Progress = SILENT,
) -> Run:
    """Go on with a Run that was interrupted; a finished one gets its scores, model file and report anew.

    Args:
        run: it, or its folder, or the URL that it goes to, also where another machine began it.
        on: where its folds are trained, as of `train`; it need not be where they were begun.
        cores_each: as of `train`.
        gpus_each: as of `train`.
        device: as of `train`; it need not be the one that it began with.
        devices: as of `train`; as many as you like.
        num_nodes: as of `train`.
        progress: what it reports to.

    Raises:
        RunError: not a Run, or its images are no longer what they were.
    """
    with on_device(device), several(devices, num_nodes) as group:
        if group and not group.place.leads:
            return Run(Path(take_part(group)))
        with taken_up(run.folder if isinstance(run, Run) else run, _COMMAND, "run.json", progress) as folder:
            found = Run.open(folder)
            recipe, manifest, where = found.recipe(), found.manifest(), Where(on, cores_each, gpus_each)
            check_where(where, recipe)
            _not_both(where, devices, num_nodes)
            if isinstance(recipe.batch_size, int):
                check_batch(recipe.batch_size, devices_used())
            go_on(found, recipe, manifest, read_again(manifest, recipe.input_size, progress), progress, where)
        if group:
            group.end(str(found.folder))
        return found


def go_on(
    run: Run, recipe: Recipe, manifest: Manifest, images: np.ndarray, progress: Progress, where: Where = HERE
) -> Run:
    """Train what is not trained yet and write all that a Run holds; an interruption says how to go on.

    Args:
        run: its folder.
        recipe: with ``batch_size`` resolved to a number.
        manifest: with splits.
        images: uint8 (n, size, size, 3), row by row those of the Manifest.
        progress: what it reports to.
        where: its folds are trained.
    """
    put_so_far()
    try:
        if recipe.folds:
            return go_on_with_folds(run, recipe, manifest, images, progress, where)
        return _go_on_with_one(run, recipe, manifest, images, progress)
    except KeyboardInterrupt:
        progress.say(f"Stopped. Go on with: {_COMMAND} --resume {as_given(run.folder)}")
        raise


def _go_on_with_one(run: Run, recipe: Recipe, manifest: Manifest, images: np.ndarray, progress: Progress) -> Run:
    train_part, val_part = (part(manifest, images, name) for name in ("train", "val"))
    if run.members():
        network = open_network(run)  # of trainings that were finished elsewhere
    else:
        network = fit_network(run, recipe, len(manifest.classes), train_part, val_part, progress=progress)
    scored = manifest.part("val") | manifest.part("test")
    rows = manifest.rows(scored)
    logits = run_network(network, images[scored], progress=progress)
    on_val = (rows.table["split"] == "val").to_numpy()
    temperature = fit_temperature(logits[on_val], rows.targets()[on_val])
    predictions = Predictions.build(rows, logits, temperature)
    if recipe.tta:
        measure_tta(network, predictions, images[scored], recipe.input_size, recipe.tta_steps).write(run.folder)
    colours = mean_colours(images[scored])
    return finish(run, recipe, manifest, network, predictions, train_part, val_part.images, progress, colours)


def checked_network(recipe: Recipe, manifest: Manifest) -> Network:
    """The network that the training begins with, if it can be trained, divided and written as the recipe says."""
    if recipe.folds:
        if recipe.split_by == "image":
            check_folds(manifest, recipe.folds)
        check_start(recipe, manifest)  # its division changes nothing, so before the images are read
    network = first_network(recipe, len(manifest.classes), lambda: manifest)
    check_model_size(recipe, network)
    return network


def with_batch_size(recipe: Recipe, network: Network, manifest: Manifest) -> Recipe:
    """The recipe with ``batch_size`` resolved to a number."""
    images = int(manifest.part("train").sum())
    if recipe.folds:
        images = int(images * (1 - 1 / recipe.folds) * (1 - val_share(recipe)))  # a fold's
    size = resolve_batch_size(recipe, network, choose_device(), images, devices_used())
    return recipe.model_copy(update={"batch_size": size})


def about(source: str | Path | Dataset) -> dict[str, object]:
    """What a new Run notes of its making."""
    return {
        "source": source_name(source),
        "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "hemascope": hemascope.__version__,
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {_devices()}",
    }


def _devices() -> str:
    count = devices_used()
    return f"{count} x {choose_device().type}" if count > 1 else choose_device().type


def tell_data(manifest: Manifest, progress: Progress) -> None:
    """Say how many images each part has, and what was left out and why."""
    counts = {name: int(manifest.part(name).sum()) for name in SPLITS}
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    progress.say(f"{manifest.name or 'images'}: {parts}, {len(manifest.classes)} classes")
    errors = manifest.table["error"]
    unreadable = int((errors != "").sum())
    if unreadable:
        first = int(np.argmax((errors != "").to_numpy()))
        progress.say(
            f"left out: {unreadable:,} unreadable, first {manifest.ids.iloc[first]} ({errors.iloc[first]}); "
            "all are listed in the report"
        )
    for reason, count in reasons_dropped(manifest).value_counts().items():
        progress.say(f"left out: {count:,}, {reason}")
    relabelled = int((manifest.usable & (manifest.table["verdict"] == "relabel")).sum())
    if relabelled:
        progress.say(f"relabelled in the audit: {relabelled:,}")
