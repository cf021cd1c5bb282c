"""Where in a picture the classifier found its answer: occlusion sensitivity."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from hemascope.errors import ModelFileError
from hemascope.predict.classifier import Classifier
from hemascope.predict.pixels import Picture, pixels

SIDE = 32
"""Cells of the map along each side."""

SPOTS = 8
"""Hidden places along each side: 64 runs of the network, under a second on one core."""

_FLAT = 1.5  # the peak that is cut off at 1, so that the middle of a spot is hidden wholly
_LEAST = 1e-6  # probabilities are kept this far from 0 and 1, where odds have no end


@dataclass(frozen=True)
class HeatMap:
    """How much each part of a picture speaks for a class.

    Attributes:
        label: the class.
        probability: its calibrated probability for the whole picture, 0 .. 1.
        lowest: the lowest probability left when one spot is hidden, 0 .. 1.
        grid: float32 (SIDE, SIDE), rows from the top, of the picture's centred square, which is what the network sees:
            by how much the class's log-odds fall when a spot there is hidden; negative where they rise.
    """

    label: str
    probability: float
    lowest: float
    grid: np.ndarray


def heat_map(classifier: Classifier, picture: Picture, label: str | None = None) -> HeatMap:
    """Hide one spot after another and see how the answer changes (occlusion sensitivity, Zeiler and Fergus 2014).

    A spot is a disc with a soft edge, so that no edge is seen that is not in the picture, filled with the picture's
    mean colour. Needs nothing but the classifier's probabilities, so every model file has such maps.

    Args:
        classifier: run 65 times.
        picture: whatever the classifier takes.
        label: the class; the most probable one where not given.

    Raises:
        DecodeError: the picture cannot be read.
        ModelFileError: the model has no such class.
    """
    classes = classifier.classes
    if label is not None and label not in classes:
        raise ModelFileError(f"the model has no class {label!r}", f"Its classes: {', '.join(classes)}.")
    square = _seen(pixels(picture), classifier.card.picture_side)
    whole = classifier.probabilities(square[None])[0]
    place = int(whole.argmax()) if label is None else classes.index(label)
    spots = _spots(square.shape[0], SPOTS)
    mean = square.mean(axis=(0, 1))
    left = np.empty(len(spots), np.float32)
    for start in range(0, len(spots), classifier.batch):
        mask = spots[start : start + classifier.batch, :, :, None]
        hidden = np.rint(square * (1 - mask) + mean * mask).astype(np.uint8)
        left[start : start + classifier.batch] = classifier.run("probabilities", hidden)[:, place]
    fall = _log_odds(whole[place]) - _log_odds(left)
    coarse = Image.fromarray(fall.reshape(SPOTS, SPOTS).astype(np.float32))
    grid = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return HeatMap(classes[place], float(whole[place]), float(left.min()), grid)


def _seen(image: np.ndarray, size: int) -> np.ndarray:
    """The centred square, no larger than what the network sees of it."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    if side <= size:
        return square
    return np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.BILINEAR))


def _spots(side: int, spots: int) -> np.ndarray:
    """Masks, float32 (spots², side, side), 1 where all is hidden; a spot is about twice as wide as their distance."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side * spots
    away = (at - np.arange(spots, dtype=np.float32)[:, None] - 0.5) ** 2  # (spots, side), in distances of the spots
    squares = away[:, None, :, None] + away[None, :, None, :]
    return np.minimum(_FLAT * np.exp(-squares / 2), 1).reshape(spots**2, side, side)


def _log_odds(probability: np.ndarray) -> np.ndarray:
    kept = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.log(kept / (1 - kept))
