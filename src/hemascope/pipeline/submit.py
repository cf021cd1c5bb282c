"""Run -> submission.zip: packed, tried by a played evaluator, and kept only if it passes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.data.remote.delivery import here
from hemascope.errors import HemascopeError, RunError
from hemascope.export.submission.package import requirements, write_zip
from hemascope.export.submission.trial import SIDE, Agreement, Trial, collect, play, require_agreement
from hemascope.files import atomic
from hemascope.predict.classifier import load
from hemascope.predict.shipped import find
from hemascope.progress import SILENT, Progress
from hemascope.shown import table

IMAGES = 3421
"""Test images of BloodMNIST, which the challenge's evaluator fed."""

LIMIT = 6000
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
        limit: seconds that the evaluator grants.
    """

    path: Path
    classes: tuple[str, ...]
    requirements: tuple[str, ...]
    trial: Trial
    agreement: Agreement
    distinct: int
    as_before: float | None
    limit: float

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The trial in a few lines, and what the evaluator must have: name and words; "" goes on with the one above."""
        trial, agreement = self.trial, self.agreement
        again = " over and over" if self.distinct < agreement.images else ""
        whose = "synthetic images" if self.as_before is None else "the Run's images"
        fed = f"{agreement.images:,} images of {SIDE} x {SIDE} px, {self.distinct:,} of {whose}{again}"
        threads = "" if trial.threads is None else f" with {trial.threads} thread{'s' * (trial.threads > 1)}"
        took = f"{trial.seconds:,.1f} s{threads} ({trial.forecast:,.1f} s extrapolated), limit {self.limit:,.0f} s"
        facts = [("Evaluator", fed), ("Time", took)]
        if trial.threads and trial.threads > 1:
            facts.append(("", f"on one core about {trial.seconds * trial.threads:,.0f} s"))
        if trial.peak is not None:
            size = agreement.images * SIDE * SIDE * 3 / 2**20
            facts.append(("Memory", f"{trial.peak:,.0f} MiB at most, {size:,.0f} of them the evaluator's images"))
        ties = f", {agreement.ties} ties decided otherwise" if agreement.ties else ""
        facts.append(("Agreement", f"{agreement.same / agreement.images:.2%} of the classes are the model's{ties}"))
        if self.as_before is not None:
            facts.append(("", f"{self.as_before:.2%} are what the Run says of the images at their own size"))
        return [*facts, ("Needs", ", ".join(self.requirements))]

    @property
    def heading(self) -> str:
        """The zip and its size."""
        return f"Submission: {self.path} ({self.path.stat().st_size / 1e6:.1f} MB)"

    def _repr_html_(self) -> str:
        return table(["", ""], self.facts, self.heading)


def submit(
    run: str | Path,
    output: str | Path = "submission.zip",
    *,
    tta_steps: int = 1,
    images: int = IMAGES,
    limit: float = LIMIT,
    progress: Progress = SILENT,
) -> Submission:
    """Write a submission for a challenge's evaluator, after it has passed a trial in a clean process.

    Args:
        run: a finished Run, a model file or the name of a shipped model.
        output: the zip; replaced only by a submission that passes.
        tta_steps: positions in which every image is classified, 1 (off) .. 8; the time grows with it.
        images: how many the evaluator feeds.
        limit: seconds that it grants.
        progress: told of each step.

    Raises:
        HemascopeError: a name that is no .zip, a Run that is not finished, or a submission that fails its trial.
    """
    output = here(output)
    if output.suffix != ".zip":
        raise HemascopeError(f"{output}: a submission ends in .zip", "Change the name after -o.")
    if not 1 <= tta_steps <= MOST_VIEWS:
        raise HemascopeError(f"tta_steps is {tta_steps}, not 1 to {MOST_VIEWS}", "An image has eight positions.")
    folder = Path(run) if Path(run).is_dir() else None
    if folder and (folder / "run.json").is_file() and not (folder / "model.onnx").is_file():
        raise RunError(f"{folder}: its training is not finished", f"hemascope train --resume {folder}")
    classifier = load(find(run), device="cpu")
    progress.step(f"reading images at {SIDE} px")
    inputs = collect(folder, images)
    with atomic(output) as temporary:
        write_zip(temporary, classifier.path, classifier.card, tta_steps)
        progress.step(f"playing the evaluator: {images:,} images")
        trial = play(temporary, inputs.repeated(images), len(classifier.classes), limit)
        progress.step("comparing with the model")
        agreement = require_agreement(trial.classes, inputs.images, classifier, tta_steps)
    as_before = None
    if inputs.predictions is not None:
        said = np.array(classifier.classes, object)[trial.classes[: len(inputs.images)]]
        as_before = float(np.mean(said == inputs.predictions.table["label"].to_numpy(object)[: len(said)]))
    distinct = len(inputs.images)
    return Submission(output, classifier.classes, requirements(), trial, agreement, distinct, as_before, limit)
