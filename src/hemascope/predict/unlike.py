"""Whether images are of another kind than those that a model was calibrated on, by their colours.

Stain, light and camera show in the mean colour of a picture, and so does the class of its cell: so a folder's colour is
compared with that of the training's images in the same mixture of classes, as the model calls them. The distance is
counted in what single images of the training lie from the mean of their class (Mahalanobis): by chance a folder's mean
lies within a fraction of one, see docs/measured/sets.md. Focus and noise do not show.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hemascope.predict.card import ModelCard

FEWEST = 8
"""Images below which nothing is said: the colours of fewer differ by chance."""

LIMIT = 4.0
"""Score above which images are called unlike; some of one laboratory, in other light than the rest, reached 3.6."""

_FINE = 32  # pixels along a side that the mean colour is taken of
_FREE = 30  # images beyond one a class, below which a covariance is a guess
_GREY = 0.5  # grey levels, squared: added to every variance, as a synthetic or a small set may have next to none


@dataclass(frozen=True)
class Unlike:
    """That images are unlike those of the calibration.

    Attributes:
        score: how far their mean colour is from that of the training's; 1 is as far as a single image of it usually is.
        message: what that means, in sentences.
    """

    score: float
    message: str


def mean_colours(images: np.ndarray) -> np.ndarray:
    """Mean red, green and blue of the squares that the network sees, float64 (n, 3), of uint8 images (n, h, w, 3)."""
    height, width = images.shape[1:3]
    side = min(height, width)
    top, left, step = (height - side) // 2, (width - side) // 2, max(1, side // _FINE)
    fine = images[:, top : top + side : step, left : left + side : step].astype(np.float32).reshape(len(images), -1, 3)
    # A product is faster than mean(), and exact: whole numbers below 2 ** 24.
    return (np.ones(fine.shape[1], np.float32) @ fine).astype(np.float64) / fine.shape[1]


def describe(colours: np.ndarray, targets: np.ndarray, classes: int) -> dict[str, Any]:
    """The part ``look`` of a model card: the colours of the training's images.

    Args:
        colours: float (n, 3), from `mean_colours`.
        targets: class numbers, int (n,); negative ones (unlabelled) are left out.
        classes: how many there are.

    Returns:
        See `hemascope.predict.card.ModelCard`; empty where too few images are labelled to tell how they vary.
    """
    colours, targets = colours[targets >= 0], targets[targets >= 0]
    present = np.unique(targets)
    free = len(targets) - len(present)
    if free < _FREE:
        return {}
    means = np.tile(colours.mean(axis=0), (classes, 1))  # also of a class without an image
    for number in present:
        means[number] = colours[targets == number].mean(axis=0)
    away = colours - means[targets]
    return {
        "colours": means.round(2).tolist(),
        "covariance": (away.T @ away / free).round(3).tolist(),
        "images": len(targets),
    }


class Look:
    """Adds up the colours of images as they are classified.

    Args:
        card: of the model; one without the part ``look`` never finds anything unlike.
    """

    def __init__(self, card: ModelCard) -> None:
        self._card = card
        self._colours = np.zeros(3)
        self._counts = np.zeros(len(card.classes))

    def add(self, colours: np.ndarray, probabilities: np.ndarray) -> None:
        """Take some images.

        Args:
            colours: float (n, 3), from `mean_colours`; images with NaN, which failed, are left out.
            probabilities: float (n, k).
        """
        good = np.isfinite(colours).all(axis=1) & np.isfinite(probabilities).all(axis=1)
        self._colours += colours[good].sum(axis=0)
        self._counts += np.bincount(probabilities[good].argmax(axis=1), minlength=len(self._counts))

    @property
    def score(self) -> float | None:
        """As in `Unlike`; None for fewer than `FEWEST` images, or where the card tells nothing of colours."""
        about, images = self._card.look, self._counts.sum()
        if not about or images < FEWEST:
            return None
        away = (self._colours - self._counts @ np.array(about["colours"])) / images
        spread = np.array(about["covariance"]) + _GREY * np.eye(3)
        return float(np.sqrt(away @ np.linalg.solve(spread, away) / 3))

    def unlike(self) -> Unlike | None:
        """That they are unlike those of the calibration, or None: they are not, or that cannot be told."""
        score = self.score
        if score is None or score <= LIMIT:
            return None
        where = f" ({name})" if (name := self._card.data.get("name")) else ""
        sets = " and fewer prediction sets than stated hold the true class" if self._card.conformal else ""
        return Unlike(
            round(score, 2),
            f"These images are unlike those that the model was calibrated on{where}: their colours are {score:.1f} "
            f"times as far off as a single image of the training usually is, where {LIMIT:g} is the limit. Expect more "
            f"wrong classes than the probabilities say{sets}. Label a hundred of them to know.",
        )
