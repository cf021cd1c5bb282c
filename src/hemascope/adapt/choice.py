"""Which zoom fits a folder: the one at which the model is surest of its images, if it is clearly surer there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ZOOMS = (0.6, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 1.8)
"""Those that are tried."""

GAIN = 0.01
"""What the mean confidence must rise by at least."""

ERRORS = 2.0
"""How many standard errors that rise must be, too: chance moves it as well."""

DIVERSITY = 0.7
"""Share of the effective classes that must stay: a network can be sure that all cells are of one class."""

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
    """

    zoom: float
    zooms: tuple[float, ...]
    confidences: tuple[float, ...]
    reason: str

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


def effective_classes(labels: np.ndarray) -> float:
    """How many equally frequent classes are as diverse as these labels: exp of their entropy (Hill 1973).

    >>> round(effective_classes(np.array([0, 0, 2, 2])), 3)
    2.0
    """
    _, counts = np.unique(labels, return_counts=True)
    shares = counts / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
