"""Test-time augmentation: a model that is shown several views of an image, and the mean of its answers."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.hits import SCORES, hit_gains, hit_scores
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.formats import read_versioned, write_versioned

if TYPE_CHECKING:
    from hemascope.models.network import Network

_MARGINS = (0.0, 0.06, -0.06, 0.12, -0.12)
"""Cut from (or, below 0, added to) the square, as share of its side: the zoom of each block of eight views."""

MOST = 8 * len(_MARGINS)
"""So many views at most."""


class TtaModel:
    """A model behind a model: probabilities averaged over views of every image.

    The first view is the image as it is. Up to eight are the turns and mirror images of the centred square that the
    model sees anyway, which show the same cell in another position; further ones are these again, zoomed by 6% or 12%.

    Args:
        model: is shown every view.
        steps: number of views, 1 .. `MOST`. The cost grows with it.

    >>> class Mean:
    ...     classes = ("dark", "light")
    ...     def probabilities(self, images):
    ...         light = images.mean(axis=(1, 2, 3)) / 255
    ...         return np.stack([1 - light, light], axis=1)
    >>> TtaModel(Mean(), 8).probabilities(np.full((2, 9, 12, 3), 255, np.uint8)).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """

    def __init__(self, model: ClassifierLike, steps: int) -> None:
        if not 1 <= steps <= MOST:
            raise ValueError(f"{steps} views are not between 1 and {MOST}")
        self.model = model
        self.steps = steps

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the k classes."""
        return self.model.classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Mean over the views of the model's probabilities, float32 (n, k), of images uint8 (n, h, w, 3)."""
        total = sum(self.model.probabilities(view(images, step)).astype(np.float64) for step in range(self.steps))
        return (np.asarray(total) / self.steps).astype(np.float32)


def view(images: np.ndarray, step: int) -> np.ndarray:
    """View number ``step`` (0: as they are) of images uint8 (n, h, w, 3).

    Returns:
        uint8 (n, h', w', 3); from step 1 on a square.
    """
    if step == 0:
        return images
    block, position = divmod(step, 8)
    squares = _zoomed(_centred_square(images), _MARGINS[block])
    # The plain turns and mirrors take turns, so that few views already hold both.
    mirrored, quarters = position % 2, (0, 2, 1, 3)[position // 2]
    if mirrored:
        squares = squares[:, :, ::-1]
    return np.ascontiguousarray(np.rot90(squares, quarters, axes=(1, 2)))


def _centred_square(images: np.ndarray) -> np.ndarray:
    """The square that `hemascope.data.framing` sees, whose centre a turn would otherwise move by a pixel."""
    height, width = images.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, top : top + side, left : left + side]


def _zoomed(squares: np.ndarray, margin: float) -> np.ndarray:
    """Squares whose border is cut off or continued by reflection; the model's framing does the resizing."""
    pixels = round(abs(margin) / 2 * squares.shape[1])
    if not pixels:
        return squares
    if margin > 0:
        return squares[:, pixels:-pixels, pixels:-pixels]
    return np.pad(squares, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")


FORMAT_VERSION = 1
FILE_NAME = "tta.json"


class Timed:
    """A model that counts the seconds in which it classifies; otherwise the model that it is made of."""

    def __init__(self, model: ClassifierLike) -> None:
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
            part: {name: score.to_json() for name, score in getattr(self, part).items()}
            for part in ("plain", "averaged", "gain")
        }
        about = {
            "steps": self.steps, "split": self.split, "images": self.images, **scores, "plain_ms": self.plain_ms,
            "averaged_ms": self.averaged_ms, "applied": self.applied,
        }  # fmt: skip
        write_versioned(folder / FILE_NAME, about, FORMAT_VERSION)


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
        hit_gains(hits[1] - hits[0], targets),
        plain_ms,
        averaged_ms,
        applied,
    )


def read_tta(folder: Path) -> TtaResult | None:
    """Read what `TtaResult.write` wrote; None where it was not measured.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """

    def build(about: dict[str, Any]) -> TtaResult:
        for part in ("plain", "averaged", "gain"):
            about[part] = {name: Score.from_json(about[part][name]) for name in SCORES}
        return TtaResult(**about)

    remedy = f"Delete {FILE_NAME}, or run hemascope evaluate --tta-steps again."
    return read_versioned(folder / FILE_NAME, build, FORMAT_VERSION, what="test-time augmentation", remedy=remedy)


def remove_tta(folder: Path) -> None:
    """Remove the file: it tells of another model once the folder's predictions are replaced."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def measure_tta(network: "Network", predictions: Predictions, images: np.ndarray, size: int, steps: int) -> TtaResult:
    """Compare a network with itself behind test-time augmentation, on its test part or, without one, val.

    The Run's predictions, scores and model file stay the plain network's.

    Args:
        network: as it was scored.
        predictions: what it said of ``images``, without test-time augmentation.
        images: uint8 (n, size, size, 3), row by row those of ``predictions``.
        size: side of the images that it was trained on.
        steps: number of views.
    """
    from hemascope.evaluate.network_model import NetworkModel  # needs torch, the rest here does not

    split = next(name for name in ("test", *predictions.splits) if name in predictions.splits)
    chosen = (predictions.table["split"] == split).to_numpy()
    plain = NetworkModel(network, predictions.classes, size, predictions.temperature)
    timed, averaged = Timed(plain), Timed(TtaModel(plain, steps))
    said = [model.probabilities(images[chosen]).argmax(axis=1) for model in (timed, averaged)]
    return compare_tta(
        predictions.of(split).targets,
        *said,
        steps=steps,
        plain_ms=timed.milliseconds,
        averaged_ms=averaged.milliseconds,
        split=split,
    )
