"""What a trained network leaves in its Run: predictions, scores, model file and report."""

import numpy as np
from rich.console import Console

from hemascope.data.manifest import Manifest
from hemascope.evaluate.conformal import fit_sets
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise, write_metrics
from hemascope.models.network import Network
from hemascope.pipeline.model_file import export
from hemascope.pipeline.parts import some_images
from hemascope.report.page import write_report
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.unknown import fit_unknown

_EXAMPLES = 1000  # training pictures from whose corners the score of unknown objects learns bare ground


def finish(
    run: Run,
    recipe: Recipe,
    manifest: Manifest,
    network: Network,
    predictions: Predictions,
    train: Part,
    unseen: np.ndarray,
    console: Console,
) -> Run:
    """Write predictions, metrics, model file and report of a trained network.

    Args:
        run: its folder.
        recipe: how it was trained.
        manifest: with splits.
        network: in evaluation mode, on the CPU.
        predictions: of the images that are scored, calibrated; those of val calibrate the prediction sets.
        train: what the score of unknown objects learns known cells from.
        unseen: images uint8 (m, size, size, 3) that what this score looks through was not trained on.
        console: where progress goes.
    """
    predictions.write(run.predictions_file)
    metrics = summarise(predictions)
    write_metrics(run.metrics_file, metrics)
    with console.status("learning what none of the classes looks like"):
        pictures = some_images(manifest, "train", _EXAMPLES)
        score, unknown = fit_unknown(network, recipe, (train.images, train.targets), unseen, pictures)
    judged = predictions.of("val")
    about = {"unknown": unknown, "conformal": fit_sets(judged.probabilities, judged.targets, recipe.seed)}
    export(run, recipe, manifest, network, predictions.temperature, metrics, score, about)
    write_report(run.folder)
    return run
