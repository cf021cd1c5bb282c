"""Which zoom fits a folder: the one at which the model is surest of its images, if it is clearly surer there.

Or the one that a known pixel size tells, whatever the model says of the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hemascope.errors import ModelFileError, SourceError
from hemascope.predict.card import ModelCard

CONFIDENCE = "one zoom for all images: where the mean confidence on unlabelled ones is highest"
PIXEL_SIZE = "one zoom for all images: that of their pixel size"

PIXELS = (0.001, 100.0)
"""Micrometres that a pixel can be wide."""

ZOOMS = (0.6, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 1.8)
"""Those that are tried."""

GAIN = 0.01
"""What the mean confidence must rise by at least."""

ERRORS = 2.0
"""How many standard errors that rise must be, too: chance moves it as well."""

DIVERSITY = 0.7
"""Share of the effective classes that must stay: a network can be sure that all cells are of one class."""

FARTHEST = 5.0
"""Zooms of a pixel size beyond this, or its reciprocal, mean that the size is not that of these pictures."""

KEPT = 0.5
"""Share of the images whose label must be the same at the next zoom, so that the peak is no accident of one."""


@dataclass(frozen=True)
class Choice:
    """A zoom, and why.

    Attributes:
        zoom: the chosen one; 1 where no other is clearly better.
        zooms: those that were tried.
        confidences: mean probability of the label at each, 0 .. 1.
        reason: why, a clause.
        method: how, in words.
    """

    zoom: float
    zooms: tuple[float, ...]
    confidences: tuple[float, ...]
    reason: str
    method: str = CONFIDENCE

    @property
    def sentence(self) -> str:
        """What was chosen, and why."""
        chosen = "No zoom" if self.zoom == 1 else f"Zoom {self.zoom:g}"
        return f"{chosen}: {self.reason}."


def choose(probabilities: np.ndarray, zooms: Sequence[float] = ZOOMS) -> Choice:
    """Choose by mean confidence, guarded against confidence that means nothing.

    Args:
        probabilities: float (zooms, n, k), of the same images at each zoom.
        zooms: rising, 1 among them.
    """
    sure = probabilities.max(axis=2).astype(np.float64)
    means = sure.mean(axis=1)
    one, best = list(zooms).index(1), int(means.argmax())

    def choice(zoom: float, reason: str) -> Choice:
        return Choice(zoom, tuple(zooms), tuple(means.tolist()), reason)

    at = f"at zoom {zooms[best]:g}"
    rise = sure[best] - sure[one]
    error = float(rise.std(ddof=1) / np.sqrt(len(rise)))
    if best == one or rise.mean() < max(GAIN, ERRORS * error):
        return choice(1, "the model is nowhere clearly surer of these images than as they are")
    labels = probabilities.argmax(axis=2)
    before, after = (effective_classes(labels[place]) for place in (one, best))
    if after < DIVERSITY * before:
        return choice(1, f"the model is surer {at}, but takes the cells for fewer classes there")
    beside = [place for place in (best - 1, best + 1) if 0 <= place < len(zooms)]
    if min((labels[best] == labels[place]).mean() for place in beside) < KEPT:
        return choice(1, f"the model is surer {at}, but calls the cells otherwise at the zooms beside it")
    return choice(zooms[best], f"the mean confidence rises from {means[one]:.1%} to {means[best]:.1%}")


def zoom_of(pixel_size: float, sides: np.ndarray, card: ModelCard, path: str) -> tuple[float, str]:
    """The zoom at which pictures show as many micrometres as those that a model learnt from, and why, a clause.

    Args:
        pixel_size: of the pictures, micrometres.
        sides: the shorter side of each, pixels, int (n,).
        card: of the model; in ``data`` it has ``micrometres``, of the side of the square that it learnt from.
        path: what errors call the model.

    Raises:
        ModelFileError: the card does not say how many micrometres it learnt from.
        SourceError: the pixel size cannot be that of these pictures.

    >>> card = ModelCard("m", ("a", "b"), 96, data={"micrometres": 21.0})
    >>> zoom_of(0.1, np.array([315, 315, 90]), card, "m.onnx")
    (1.5, 'pictures of 31.5 µm are shown as the 21 µm that it learnt from')
    """
    learnt = card.data.get("micrometres")
    if not isinstance(learnt, int | float) or not 0 < learnt < np.inf:
        raise ModelFileError(
            f"{path}: its card does not say how many micrometres wide the pictures were that it learnt from",
            "Leave out the pixel size: the zoom is then found by the model's confidence.",
        )
    wide = float(np.median(sides)) * pixel_size
    zoom = round(wide / learnt, 3)
    if not 1 / FARTHEST <= zoom <= FARTHEST:
        raise SourceError(
            f"a pixel size of {pixel_size:g} µm makes these pictures {wide:.3g} µm wide, and cells are about 15",
            "Give the micrometres that a pixel of the pictures as they are is wide, such as 0.1.",
        )
    return zoom, f"pictures of {wide:.3g} µm are shown as the {learnt:.3g} µm that it learnt from"


def effective_classes(labels: np.ndarray) -> float:
    """How many equally frequent classes are as diverse as these labels: exp of their entropy (Hill 1973).

    >>> round(effective_classes(np.array([0, 0, 2, 2])), 3)
    2.0
    """
    _, counts = np.unique(labels, return_counts=True)
    shares = counts / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
