"""K-fold: a network a fold, out-of-fold predictions of every image, and the networks' mean as the model."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.data.laboratories import laboratory_folds
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.pixels import Arranged
from hemascope.data.remote.mirror import put_so_far
from hemascope.data.splits import fold_manifest, fold_numbers
from hemascope.engine.tasks import Call
from hemascope.engine.where import HERE, Where, tasks
from hemascope.errors import RunError
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.tta import measure_tta
from hemascope.models.network import run_network
from hemascope.pipeline.division import val_share
from hemascope.pipeline.finish import finish
from hemascope.pipeline.parts import places_of
from hemascope.progress import Progress
from hemascope.train.fit import Part
from hemascope.train.kinds import fit_network, open_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


def go_on_with_folds(
    run: Run, recipe: Recipe, manifest: Manifest, images: np.ndarray, progress: Progress, where: Where = HERE
) -> Run:
    """Train the folds that are not trained yet and write all that a Run holds.

    The images are in memory once: each fold's parts are slices of the one array, which is reordered in place. Of the
    networks there is one at a time, until the ensemble of all is written. On a cluster each fold is a task, to which
    the images are sent.

    Args:
        run: its folder.
        recipe: with ``folds`` and a resolved ``batch_size``.
        manifest: with the splits train, which is divided, and where there is one test.
        images: uint8 (n, size, size, 3), row by row those of the Manifest; left in another order.
        progress: what it reports to.
        where: the folds are trained.
    """
    folds = open_folds(run, recipe, manifest)
    targets, arranged = manifest.targets(), Arranged(images)
    logits = np.zeros((len(manifest), len(manifest.classes)), np.float32)
    numbers = np.zeros(len(manifest), np.int64)
    with tasks(where, run.folder, many=len(folds)) as pool:
        given = arranged if where.on is None else pool.put(images)
        for position, told in pool.each(_calls(folds, given, progress), what="folds", progress=progress):
            put_so_far(folds[position].folder)  # another machine may write at those that are not over
            held_out = _rows(folds[position])[-1]
            logits[held_out], numbers[held_out] = told, position + 1
    out_of_fold, test = numbers > 0, manifest.part("test")
    temperature = fit_temperature(logits[out_of_fold], targets[out_of_fold])
    run.write_members(folds, temperature)
    ensemble = open_network(run)
    logits = _calibrated_elsewhere(logits, targets, numbers, temperature)
    if test.any():
        logits[test] = run_network(ensemble, *arranged.parts([np.flatnonzero(test)]), progress=progress)
    splits = np.where(out_of_fold, "val", manifest.table["split"].to_numpy(object))
    told = out_of_fold | test
    rows = manifest.with_columns(split=splits).rows(told)
    predictions = Predictions.build(rows, logits[told], temperature).with_folds(numbers[told])
    if recipe.tta:
        shown = arranged.parts([np.flatnonzero(test)])[0]
        measure_tta(ensemble, predictions.of("test"), shown, recipe.input_size, recipe.tta_steps).write(run.folder)
    # The ensemble looks for unknown objects through its first network, to which the first fold's images are new.
    train, _, held_out = _rows(folds[0])
    seen, unseen = arranged.parts([train, held_out])
    return finish(run, recipe, manifest, ensemble, predictions, Part(seen, targets[train]), unseen, progress)


def _calls(folds: list[Run], given: Any, progress: Progress) -> Iterator[Call]:
    """A call a fold, announced as it is asked for."""
    for number, fold in enumerate(folds, start=1):
        name, place = f"fold {number} of {len(folds)}", fold.about().get("laboratory")
        which = f"{len(_rows(fold)[-1]):,} images" + (f" of the laboratory {place}" if place else "")
        progress.say(f"{name}: {which} held out")
        yield Call(name, train_fold, (fold.folder.absolute(), given))


def train_fold(folder: Path, images: Arranged | np.ndarray, *, progress: Progress) -> np.ndarray:
    """Train a fold from wherever its Run stands.

    Args:
        folder: of the fold's Run.
        images: all of them, row by row those of its Manifest; an array is left as it is.
        progress: what it reports to.

    Returns:
        Logits of the images that it holds out, float32 (m, classes).
    """
    fold = Run.open(folder)
    manifest, (train, val, held_out) = fold.manifest(), _rows(fold)
    arranged = images if isinstance(images, Arranged) else Arranged(images.copy())
    parts = arranged.parts([train, val, *([held_out] if held_out is not val else [])])
    learnt, watched = (
        Part(part, manifest.targets()[rows], places_of(manifest, rows))
        for part, rows in zip(parts, (train, val), strict=False)
    )
    network = fit_network(fold, fold.recipe(), len(manifest.classes), learnt, watched, progress=progress)
    logits = run_network(network, parts[-1], progress=progress)
    del network
    gc.collect()  # a trainer and its network hold each other
    return logits


def open_folds(run: Run, recipe: Recipe, manifest: Manifest) -> list[Run]:
    """The Runs of all folds, in ``folds/1`` and so on: begun where they are not there, else as they stand.

    Args:
        run: of the whole.
        recipe: with ``folds`` and a resolved ``batch_size``.
        manifest: of the whole; its split train is divided.

    Returns:
        One Run a fold. Its Manifest has the rows of the whole one: those of the other folds are train and val, those
        held out test, or val where validation decides nothing.

    Raises:
        RunError: a folder holds a fold of another recipe or division.
        SourceError: more folds than the rarest class can fill.
    """
    assert recipe.folds is not None
    places: tuple[str, ...] = ()
    if recipe.split_by == "laboratory":
        numbers, places, *_ = laboratory_folds(manifest)
    else:
        numbers = fold_numbers(manifest, recipe.folds, seed=recipe.seed)
    own = recipe.model_copy(update={"folds": None, "split_by": "image"})
    found = []
    for number in range(1, recipe.folds + 1):
        divided = fold_manifest(manifest, numbers, number, val_share(recipe), seed=recipe.seed)
        folder = run.folder / "folds" / str(number)
        if not (folder / "run.json").exists():
            place = {"laboratory": places[number - 1]} if places else {}
            found.append(Run.create(folder, own, divided, {"fold": number, "folds": recipe.folds, **place}))
            continue
        fold = Run.open(folder)
        if fold.recipe() != own or not fold.manifest().table["split"].equals(divided.table["split"]):
            raise RunError(
                f"{folder}: was begun with another recipe or another division of the images",
                f"Give {run.folder / 'recipe.yaml'} the values it had, or begin a new training with -o.",
            )
        found.append(fold)
    return found


def _rows(fold: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the images that a fold trains on, validates on and holds out; the last two may be the same."""
    manifest = fold.manifest()
    train, val, test = (np.flatnonzero(manifest.part(name)) for name in SPLITS)
    return train, val, test if len(test) else val


def _calibrated_elsewhere(logits: np.ndarray, targets: np.ndarray, numbers: np.ndarray, whole: float) -> np.ndarray:
    """Logits that, divided by the one temperature of the table, are calibrated by one fitted on the other folds."""
    result = logits.copy()
    for number in set(numbers) - {0}:
        others = (numbers > 0) & (numbers != number)
        result[numbers == number] *= whole / fit_temperature(logits[others], targets[others])
    return result
