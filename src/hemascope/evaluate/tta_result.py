"""What test-time augmentation gains and costs, measured on the same images: tta.json."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.errors import RunError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.hits import SCORES, hit_scores
from hemascope.evaluate.score_model import Model
from hemascope.files import write_text

FORMAT_VERSION = 1
FILE_NAME = "tta.json"


class Timed:
    """A model that counts the seconds in which it judges; otherwise the model that it is made of."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.seconds = 0.0
        self.images = 0

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the k classes."""
        return self.model.classes

    @property
    def milliseconds(self) -> float:
        """Mean time an image."""
        return 1000 * self.seconds / max(self.images, 1)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The model's probabilities (n, k) of images uint8 (n, h, w, 3)."""
        begun = time.perf_counter()
        result = self.model.probabilities(images)
        self.seconds += time.perf_counter() - begun
        self.images += len(images)
        return result


@dataclass(frozen=True)
class TtaResult:
    """A classifier with and without test-time augmentation.

    Attributes:
        steps: number of views.
        split: the split that was scored, "" for a source without splits.
        images: number of images scored.
        plain: accuracy and balanced accuracy without it.
        averaged: the same with it.
        gain: the differences, paired by image.
        plain_ms: milliseconds an image without it, the network alone.
        averaged_ms: the same with it.
        applied: True where the folder's predictions are the averaged ones.
    """

    steps: int
    split: str
    images: int
    plain: dict[str, Score]
    averaged: dict[str, Score]
    gain: dict[str, Score]
    plain_ms: float
    averaged_ms: float
    applied: bool

    @property
    def ratio(self) -> float:
        """How many times the time it takes."""
        return self.averaged_ms / self.plain_ms if self.plain_ms else float("nan")

    @property
    def wins(self) -> bool:
        """Whether the whole interval of the gain in accuracy lies above 0."""
        return self.gain["accuracy"].low > 0

    def write(self, folder: Path) -> None:
        """Write tta.json, whole or not at all."""
        scores = {
            part: {name: score._asdict() for name, score in getattr(self, part).items()}
            for part in ("plain", "averaged", "gain")
        }
        about = {
            "format_version": FORMAT_VERSION, "steps": self.steps, "split": self.split, "images": self.images,
            **scores, "plain_ms": self.plain_ms, "averaged_ms": self.averaged_ms, "applied": self.applied,
        }  # fmt: skip
        write_text(folder / FILE_NAME, json.dumps(about, indent=1, allow_nan=False) + "\n")


def compare_tta(
    targets: np.ndarray,
    plain: np.ndarray,
    averaged: np.ndarray,
    *,
    steps: int,
    plain_ms: float,
    averaged_ms: float,
    split: str = "",
    applied: bool = False,
) -> TtaResult:
    """Compare what was said of the same images without and with test-time augmentation.

    Args:
        targets: true class numbers, int (n,); images below 0 are left out.
        plain: predicted class numbers without it, int (n,).
        averaged: the same with it.
        steps: number of views.
        plain_ms: milliseconds an image without it.
        averaged_ms: the same with it.
        split: what the result calls the images.
        applied: as in `TtaResult`.
    """
    known = targets >= 0
    targets = targets[known]
    hits = [(part[known] == targets).astype(float) for part in (plain, averaged)]
    return TtaResult(
        steps,
        split,
        int(known.sum()),
        hit_scores(hits[0], targets),
        hit_scores(hits[1], targets),
        hit_scores(hits[1] - hits[0], targets),
        plain_ms,
        averaged_ms,
        applied,
    )


def read_tta(folder: Path) -> TtaResult | None:
    """Read what `TtaResult.write` wrote; None where it was not measured.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """
    if not (folder / FILE_NAME).is_file():
        return None
    remedy = f"Delete {FILE_NAME}, or run hemascope evaluate --tta-steps again."
    try:
        about: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        version = int(about.pop("format_version"))
        for part in ("plain", "averaged", "gain"):
            about[part] = {name: Score(**about[part][name]) for name in SCORES}
        result = TtaResult(**about)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise RunError(f"{folder}: its test-time augmentation cannot be read ({problem!r})", remedy) from problem
    if version > FORMAT_VERSION:
        raise RunError(f"{folder}: its test-time augmentation was written by a newer hemascope", remedy)
    return result
