"""A submission tried: a clean process plays the evaluator, and what comes back is compared with the model."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, ModelFileError
from hemascope.evaluate.predictions import FILE_NAME, Predictions
from hemascope.evaluate.tta import TtaModel
from hemascope.files import scratch
from hemascope.predict.classifier import Classifier

SIDE = 96
"""Of the challenge's images, pixels."""

_DRAWN = 32  # synthetic images where there are no others: enough for time and agreement

_EVALUATOR = Path(__file__).with_name("evaluator.py")


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


@dataclass(frozen=True)
class Trial:
    """What the evaluator got.

    Attributes:
        classes: int (n,), the class numbers.
        seconds: measured, from the import of ``model.py`` to the last class number.
        forecast: the same, extrapolated from the first images.
        threads: that the submission used; None where it does not tell.
        peak: MiB of memory at most, the images of the evaluator among them; None where the system does not tell.
    """

    classes: np.ndarray
    seconds: float
    forecast: float
    threads: int | None
    peak: float | None


def play(submission: Path, images: np.ndarray, classes: int, limit: float) -> Trial:
    """Run a submission in a process that has only its folder, numpy and onnxruntime.

    Args:
        submission: the zip.
        images: uint8 (n, 96, 96, 3); the first are fed as float32 too, 0 .. 255 and 0 .. 1.
        classes: number of classes.
        limit: seconds that the evaluator grants.

    Raises:
        ModelFileError: it fails, gives another shape, type or range, says otherwise of floats, or is too slow.
    """
    with scratch() as temporary:
        folder, result, fed = (temporary / name for name in ("submission", "result", "images.npy"))
        result.mkdir()
        with ZipFile(submission) as file:
            file.extractall(folder)
        np.save(fed, images)
        report = _run([folder, fed, result, limit], result / "report.json", limit)
        if report["forecast"] > limit:
            raise _too_slow(f"{len(images):,} images would take {report['forecast']:,.0f} s", limit)
        if report["seconds"] > limit:
            raise _too_slow(f"{len(images):,} images took {report['seconds']:,.0f} s", limit)
        found = np.load(result / "classes.npy")
    problem = wrong_with(found, report, len(images), classes)
    if problem:
        raise ModelFileError(f"the submission's predict {problem}", "Report this with the Run's recipe.")
    return Trial(found, report["seconds"], report["forecast"], report["threads"], report["peak"])


def _run(arguments: list[object], report: Path, limit: float) -> dict:
    command = [sys.executable, "-I", str(_EVALUATOR), *map(str, arguments)]
    try:
        # More than the limit, for what the evaluator itself does: a slow submission is told by its own clock.
        ended = subprocess.run(command, capture_output=True, text=True, timeout=1.5 * limit + 60, check=False)
    except subprocess.TimeoutExpired as problem:
        raise _too_slow(f"it was stopped after {problem.timeout:,.0f} s", limit) from None
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}, perhaps out of memory"]
        raise ModelFileError(f"the submission fails in the evaluator: {lines[-1]}", "Nothing was written.")
    return dict(json.loads(report.read_text(encoding="utf-8")))


def _too_slow(how: str, limit: float) -> ModelFileError:
    return ModelFileError(
        f"the submission is too slow: {how}, the limit is {limit:,.0f} s",
        "Use fewer --tta-steps or a smaller network or input_size.",
    )


def wrong_with(found: np.ndarray, report: dict, images: int, classes: int) -> str:
    """What is wrong with what predict gave, "" where nothing is.

    >>> wrong_with(np.array([0, 3]), {"returned": "ndarray", "floats_agree": True}, images=2, classes=3)
    'gives class numbers from 0 to 3, not 0 to 2'
    """
    if report["returned"] != "ndarray" or found.shape != (images,):
        return f"gives {report['returned']} of shape {found.shape}, not an array of ({images},)"
    if found.dtype.kind not in "iu":
        return f"gives {found.dtype}, not integers"
    if found.min() < 0 or found.max() >= classes:
        return f"gives class numbers from {found.min()} to {found.max()}, not 0 to {classes - 1}"
    return "" if report["floats_agree"] else "says otherwise of the same images as floats"


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
        views: positions in which every image is classified.

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
