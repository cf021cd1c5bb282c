"""Run -> submission.zip: packed, tried by a played evaluator, and kept only if it passes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hemascope
from hemascope.errors import HemascopeError, RunError
from hemascope.export.submission.agreement import Agreement, require_agreement
from hemascope.export.submission.inputs import SIDE, collect
from hemascope.export.submission.package import requirements, write_zip
from hemascope.export.submission.trial import Trial, play
from hemascope.files import atomic
from hemascope.predict.shipped import find

IMAGES = 3421
"""Test images of BloodMNIST, which the challenge's evaluator fed."""

LIMIT = 6000.0
"""Seconds that the challenge's evaluator granted."""

MOST_VIEWS = 8


@dataclass(frozen=True)
class Submission:
    """A submission that passed.

    Attributes:
        path: the zip.
        classes: names, in the order of the class numbers.
        requirements: packages that the evaluator must have.
        trial: what the played evaluator got.
        agreement: with the Run's model on the same images.
        distinct: how many different images were fed, over and over.
        as_before: share of the distinct images that got the class that the Run's own table gives them at their own
            size; None where they were synthetic.
    """

    path: Path
    classes: tuple[str, ...]
    requirements: tuple[str, ...]
    trial: Trial
    agreement: Agreement
    distinct: int
    as_before: float | None


def write_submission(
    model: Path | str,
    output: Path,
    *,
    tta_steps: int = 1,
    images: int = IMAGES,
    limit: float = LIMIT,
    progress: Callable[[str], None] | None = None,
) -> Submission:
    """Write a submission for a challenge's evaluator, after it has passed a trial in a clean process.

    Args:
        model: a finished Run, a model file or the name of a shipped model.
        output: the zip; replaced only by a submission that passes.
        tta_steps: positions in which every image is judged, 1 (off) .. 8; the time grows with it.
        images: how many the evaluator feeds.
        limit: seconds that it grants.
        progress: called with what is being done.

    Raises:
        HemascopeError: a name that is no .zip, a Run that is not finished, or a submission that fails its trial.
    """
    tell = progress or (lambda _: None)
    if output.suffix != ".zip":
        raise HemascopeError(f"{output}: a submission ends in .zip", "Change the name after -o.")
    if not 1 <= tta_steps <= MOST_VIEWS:
        raise HemascopeError(f"tta_steps is {tta_steps}, not 1 to {MOST_VIEWS}", "An image has eight positions.")
    folder = Path(model) if Path(model).is_dir() else None
    if folder and (folder / "run.json").is_file() and not (folder / "model.onnx").is_file():
        raise RunError(f"{folder}: its training is not finished", f"hemascope train --resume {folder}")
    classifier = hemascope.load(find(model))
    tell(f"reading images at {SIDE} px")
    inputs = collect(folder, images)
    with atomic(output) as temporary:
        tell("packing")
        write_zip(temporary, classifier.path, classifier.card, tta_steps)
        tell(f"playing the evaluator: {images:,} images")
        trial = play(temporary, inputs.repeated(images), len(classifier.classes), limit)
        tell("comparing with the model")
        agreement = require_agreement(trial.classes, inputs.images, classifier, tta_steps)
    as_before = None
    if inputs.predictions is not None:
        said = np.array(classifier.classes, object)[trial.classes[: len(inputs.images)]]
        as_before = float(np.mean(said == inputs.predictions.table["label"].to_numpy(object)[: len(said)]))
    return Submission(output, classifier.classes, requirements(), trial, agreement, len(inputs.images), as_before)
