"""From images in memory to a finished Run, from wherever its training stands."""

import numpy as np
from rich.console import Console

from hemascope.data.manifest import Manifest
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.tta_measure import measure_tta
from hemascope.job.finish import finish
from hemascope.job.folds import go_on_with_folds
from hemascope.job.parts import mask, part
from hemascope.models.inference import run_network
from hemascope.train.fit import fit
from hemascope.train.open_run import open_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


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
