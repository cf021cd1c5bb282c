"""A submission tried: a clean process plays the evaluator, and what comes back is judged."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from hemascope.errors import ModelFileError

_EVALUATOR = Path(__file__).with_name("evaluator.py")


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
    with tempfile.TemporaryDirectory() as temporary:
        folder, result, fed = (Path(temporary) / name for name in ("submission", "result", "images.npy"))
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
