"""K-fold: a network a fold, out-of-fold predictions of every image, and the networks' mean as the model."""

import gc

import numpy as np
from rich.console import Console

from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.pixels import Arranged
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.tta import measure_tta
from hemascope.models.inference import run_network
from hemascope.pipeline.finish import finish
from hemascope.pipeline.parts import mask
from hemascope.train.fit import Part, fit
from hemascope.train.folds import open_folds
from hemascope.train.open_run import open_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


def go_on_with_folds(run: Run, recipe: Recipe, manifest: Manifest, images: np.ndarray, console: Console) -> Run:
    """Train the folds that are not trained yet and write all that a Run holds.

    The images are in memory once: each fold's parts are slices of the one array, which is reordered in place. Of the
    networks there is one at a time, until the ensemble of all is written.

    Args:
        run: its folder.
        recipe: with ``folds`` and a resolved ``batch_size``.
        manifest: with the splits train, which is divided, and where there is one test.
        images: uint8 (n, size, size, 3), row by row those of the Manifest; left in another order.
        console: where progress goes.
    """
    folds = open_folds(run, recipe, manifest)
    targets, arranged = manifest.targets(), Arranged(images)
    logits = np.zeros((len(manifest), len(manifest.classes)), np.float32)
    numbers = np.zeros(len(manifest), np.int64)
    for number, fold in enumerate(folds, start=1):
        train, val, held_out = _rows(fold)
        console.print(f"fold {number} of {len(folds)}: {len(held_out):,} images held out", highlight=False)
        parts = arranged.parts([train, val, *([held_out] if held_out is not val else [])])
        learnt, watched = (Part(part, targets[rows]) for part, rows in zip(parts, (train, val), strict=False))
        network = fit(fold, fold.recipe(), len(manifest.classes), learnt, watched, console)
        logits[held_out], numbers[held_out] = run_network(network, parts[-1]), number
        del network
        gc.collect()  # a trainer and its network hold each other
    out_of_fold, test = numbers > 0, mask(manifest, "test")
    temperature = fit_temperature(logits[out_of_fold], targets[out_of_fold])
    run.write_members(folds, temperature)
    ensemble = open_network(run)
    logits = _calibrated_elsewhere(logits, targets, numbers, temperature)
    if test.any():
        logits[test] = run_network(ensemble, *arranged.parts([np.flatnonzero(test)]))
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
    return finish(run, recipe, manifest, ensemble, predictions, Part(seen, targets[train]), unseen, console)


def _rows(fold: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the images that a fold trains on, validates on and holds out; the last two may be the same."""
    manifest = fold.manifest()
    train, val, test = (np.flatnonzero(mask(manifest, name)) for name in SPLITS)
    return train, val, test if len(test) else val


def _calibrated_elsewhere(logits: np.ndarray, targets: np.ndarray, numbers: np.ndarray, whole: float) -> np.ndarray:
    """Logits that, divided by the one temperature of the table, are calibrated by one fitted on the other folds."""
    result = logits.copy()
    for number in set(numbers) - {0}:
        others = (numbers > 0) & (numbers != number)
        result[numbers == number] *= whole / fit_temperature(logits[others], targets[others])
    return result
