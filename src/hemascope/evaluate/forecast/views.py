"""Every image judged in two of its dihedral views: as it is, and mirrored at its diagonal.

A cell has no right way up, so where the two answers differ at least one of them is wrong.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hemascope.errors import DecodeError, SourceError
from hemascope.evaluate.score_model import Model
from hemascope.predict.items import Item

_BATCH = 32


@dataclass(frozen=True)
class Judged:
    """What a model says of n images.

    Attributes:
        upright: calibrated probabilities of the images as they are, float (n, k).
        mirrored: those of the images mirrored at their diagonal, float (n, k).
    """

    upright: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.upright)

    def rows(self, keep: np.ndarray) -> "Judged":
        """Only the images chosen by a mask or by positions."""
        return Judged(self.upright[keep], self.mirrored[keep])


def judge(model: Model, images: np.ndarray) -> Judged:
    """Both views of square images, uint8 (n, s, s, 3)."""
    views = np.concatenate([images, images.transpose(0, 2, 1, 3)])
    probabilities = model.probabilities(views)
    return Judged(probabilities[: len(images)], probabilities[len(images) :])


def judge_items(
    model: Model, items: Sequence[Item], *, progress: Callable[[int], None] | None = None
) -> tuple[Judged, int]:
    """Both views of every readable image of a folder; of each the centred square, as the model's graph takes it.

    Args:
        model: gives calibrated probabilities.
        items: from `hemascope.predict.items.items`.
        progress: called with the number of images done.

    Returns:
        What was judged, and how many images could not be read.

    Raises:
        SourceError: none could be read.
    """
    upright, mirrored, done = [], [], 0
    for squares, seen in _batches(items):
        if len(squares):
            judged = judge(model, squares)
            upright.append(judged.upright)
            mirrored.append(judged.mirrored)
        done = seen
        if progress:
            progress(done)
    if not upright:
        raise SourceError("no image of the unlabelled folder can be read", "Name a folder of pictures, .npz or .tar.")
    found = Judged(np.concatenate(upright), np.concatenate(mirrored))
    return found, len(items) - len(found)


def _batches(items: Sequence[Item]) -> Iterator[tuple[np.ndarray, int]]:
    """Neighbours of one size stacked, with the number of images read up to there."""
    waiting: list[np.ndarray] = []
    for number, item in enumerate(items):
        try:
            image = item.pixels()
        except DecodeError:
            continue
        square = _square(image)
        if waiting and (square.shape != waiting[0].shape or len(waiting) == _BATCH):
            yield np.stack(waiting), number
            waiting = []
        waiting.append(square)
    if waiting:
        yield np.stack(waiting), len(items)


def _square(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]
