"""Run -> submission.zip: packed, tried by a played evaluator, and kept only if it passes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

import hemascope
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, HemascopeError, ModelFileError, RunError
from hemascope.evaluate.predictions import FILE_NAME, Predictions
from hemascope.evaluate.tta import TtaModel
from hemascope.export.submission.trial import Trial, play
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import find

NEEDED = ("numpy", "onnxruntime")
"""Packages that the evaluator must have."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same Run gives the same bytes


def requirements() -> tuple[str, ...]:
    """The packages with the versions that hemascope itself asks for.

    >>> [line.partition(">")[0] for line in requirements()]
    ['numpy', 'onnxruntime']
    """
    core = [line for line in requires("hemascope") or [] if "extra ==" not in line]
    return tuple(line for line in core if re.split(r"[^\w.-]", line)[0].lower() in NEEDED)


def write_zip(path: Path, model: Path, card: ModelCard, views: int) -> None:
    """Write a submission.

    Args:
        path: the zip; the caller sees to it that it is replaced whole.
        model: the model file.
        card: its card.
        views: positions in which every image is judged, 1 .. 8.
    """
    settings = {"name": card.name, "classes": card.classes, "views": views}
    texts = {
        "model.py": Path(__file__).with_name("model.py").read_text(encoding="utf-8"),
        "submission.json": json.dumps(settings, indent=1) + "\n",
        "requirements.txt": "\n".join(requirements()) + "\n",
        "README.txt": _readme(card),
    }
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, text in texts.items():
            file.writestr(_entry(name), text)
        file.writestr(_entry("model.onnx"), model.read_bytes())


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _EPOCH)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _readme(card: ModelCard) -> str:
    numbers = "\n".join(f"  {number}  {name}" for number, name in enumerate(card.classes))
    data = ", ".join(str(card.data[key]) for key in ("name", "licence", "attribution") if card.data.get(key))
    return f"""{card.name}: a classifier of single blood cells, written by hemascope {card.hemascope}

  from model import Model
  classes = Model().predict(X)    # X: (n, 96, 96, 3), 0 .. 255 -> int64 (n,)

Class numbers:
{numbers}

Trained on: {data or "not stated"}
Limits: {card.limits or "not stated"}
"""


SIDE = 96
"""Of the challenge's images, pixels."""

_DRAWN = 32  # synthetic images where there are no others: enough for time and agreement


@dataclass(frozen=True)
class Inputs:
    """Images of the challenge's kind.

    Attributes:
        images: uint8 (m, 96, 96, 3), all different rows.
        predictions: what the Run said of the same images at their own size, row by row; None for synthetic ones.
    """

    images: np.ndarray
    predictions: Predictions | None

    def repeated(self, count: int) -> np.ndarray:
        """The images over and over until there are ``count``: uint8 (count, 96, 96, 3)."""
        return self.images[np.arange(count) % len(self.images)]


def collect(folder: Path | None, most: int) -> Inputs:
    """Read at most ``most`` of the images that a Run was scored on, framed to 96 pixels as training frames them.

    Args:
        folder: the Run; None, or one whose images are gone, gives synthetic ones.
        most: spread over all of them.
    """
    if folder is not None and (folder / FILE_NAME).is_file():
        predictions = Predictions.read(folder / FILE_NAME)
        places = np.unique(np.linspace(0, len(predictions) - 1, min(most, len(predictions))).round().astype(np.int64))
        chosen = predictions.rows(places)
        table = chosen.table
        rows = Manifest.build(list(table["path"]), list(table["true"]), chosen.classes, members=list(table["member"]))
        found = _framed(rows)
        if found:
            return Inputs(np.stack(list(found.values())), chosen.rows(np.array(list(found), np.int64)))
    drawn = open_source(f"synthetic:{_DRAWN}").rows(np.arange(min(most, _DRAWN)))
    return Inputs(np.stack(list(_framed(drawn).values())), None)


def _framed(rows: Manifest) -> dict[int, np.ndarray]:
    """Row -> image, without those that cannot be read."""
    read = map_images(rows, lambda image: frame(image, SIDE))
    return {row: image for row, image in read if not isinstance(image, DecodeError)}


TIE = 1e-5
"""Two classes whose probabilities differ by less are a tie: the order of additions decides it."""


class Agreement(NamedTuple):
    """How often two classifiers say the same.

    Attributes:
        images: how many were compared.
        same: how many got the same class.
        ties: how many did not, but were a tie.
    """

    images: int
    same: int
    ties: int


def require_agreement(classes: np.ndarray, images: np.ndarray, classifier: Classifier, views: int) -> Agreement:
    """Compare a submission's class numbers with those of the model, averaged over the same views.

    Args:
        classes: int (n,), the submission's; images beyond the first m are these over again.
        images: uint8 (m, h, w, 3), those that the first m class numbers are of.
        classifier: the Run's model.
        views: positions in which every image is judged.

    Raises:
        ModelFileError: an image gets another class without being a tie.
    """
    expected = TtaModel(classifier, views).probabilities(images)
    rows = np.arange(len(classes)) % len(images)
    said = expected[rows, classes]
    best = expected.max(axis=1)[rows]
    same = classes == expected.argmax(axis=1)[rows]
    ties = ~same & (best - said < TIE)
    wrong = int((~same & ~ties).sum())
    if wrong:
        raise ModelFileError(
            f"the submission gives {wrong:,} of {len(classes):,} images another class than the model does",
            "Report this with the versions of numpy and onnxruntime; do not submit it.",
        )
    return Agreement(len(classes), int(same.sum()), int(ties.sum()))


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
