"""Run -> small model file: quantised on its training images, scored anew on its held-out ones."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

import hemascope
from hemascope.data.limit import limited
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError, RunError
from hemascope.evaluate.conformal import fit_sets
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.summary import card_scores, summarise
from hemascope.export.int8 import write_int8
from hemascope.export.metadata import set_card
from hemascope.files import atomic
from hemascope.train.run import Run

_CALIBRATION = 300  # training images; more move no activation's range that matters


def export_int8(
    folder: Path, path: Path, *, name: str, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Write a Run's classifier in eight bits, with scores of its own on its card.

    Args:
        folder: the Run, finished; its images must still be where they were.
        path: the model file to write, whole or not at all.
        name: what its card calls it.
        progress: called with what is being done.

    Returns:
        Its metrics, as `summarise` gives them.

    Raises:
        RunError: not a finished Run, or none of its training images can be read.
    """
    tell = progress or (lambda _: None)
    run = Run.open(folder)
    if not run.model_file.exists():
        raise RunError(f"{folder}: its training is not finished", f"hemascope train --resume {folder}")
    manifest = run.manifest()
    split = manifest.table["split"]
    held_out = _known(manifest.rows(split.isin(["val", "test"])))
    if not len(held_out):
        raise RunError(
            f"{folder}: every image trained one of its folds, so none is left to score the smaller model by",
            "Export it whole (without --int8), or train with a test part.",
        )
    tell("measuring activations on training images")
    shown = limited(_known(manifest.rows(split == "train")), _CALIBRATION, seed=run.recipe().seed)
    images = [image for _, image in read_images(shown) if not isinstance(image, DecodeError)]
    if not images:
        raise RunError(f"{folder}: none of its training images can be read", "Put them back where they were.")
    with tempfile.TemporaryDirectory() as temporary:
        draft = Path(temporary) / "draft.onnx"
        write_int8(run.model_file, images, draft, name=name)
        tell("scoring on held-out images")
        classifier = hemascope.load(draft)
        predictions, _ = score_model(classifier, held_out, temperature=classifier.card.temperature)
        metrics = summarise(predictions)
        judged = predictions.of("val")
        card = replace(
            classifier.card,
            scores=card_scores(metrics),
            conformal=fit_sets(judged.probabilities, judged.targets, run.recipe().seed),
        )
        graph = onnx.load(draft)
    set_card(graph, card)
    with atomic(path) as whole:
        onnx.save(graph, whole)
    return metrics


def _known(manifest: Manifest) -> Manifest:
    return manifest.rows(manifest.usable & manifest.table["label"].isin(manifest.classes))
