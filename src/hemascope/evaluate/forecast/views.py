"""Every image classified in two of its dihedral views, and what that says of the accuracy without any label.

The views are the image as it is and mirrored at its diagonal. A cell has no right way up, so where the two answers
differ at least one of them is wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hemascope.errors import DecodeError, SourceError
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.predict.items import Item
from hemascope.predict.unlike import Look, mean_colours
from hemascope.progress import SILENT, Progress

_BATCH = 32


@dataclass(frozen=True)
class ClassifiedTwice:
    """What a model says of n images in both views.

    Attributes:
        upright: calibrated probabilities of the images as they are, float (n, k).
        mirrored: those of the images mirrored at their diagonal, float (n, k).
    """

    upright: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.upright)

    def rows(self, keep: np.ndarray) -> "ClassifiedTwice":
        """Only the images chosen by a mask or by positions."""
        return ClassifiedTwice(self.upright[keep], self.mirrored[keep])


def classify_twice(model: ClassifierLike, images: np.ndarray) -> ClassifiedTwice:
    """Both views of square images, uint8 (n, s, s, 3)."""
    views = np.concatenate([images, images.transpose(0, 2, 1, 3)])
    probabilities = model.probabilities(views)
    return ClassifiedTwice(probabilities[: len(images)], probabilities[len(images) :])


def classify_items(
    model: ClassifierLike, items: Sequence[Item], *, look: Look | None = None, progress: Progress = SILENT
) -> tuple[ClassifiedTwice, int]:
    """Both views of every readable image of a folder; of each the centred square, as the model's graph takes it.

    Args:
        model: gives calibrated probabilities.
        items: from `hemascope.predict.items.items`.
        look: takes the images' colours.
        progress: told how many images are done.

    Returns:
        What the model says, and how many images could not be read.

    Raises:
        SourceError: none could be read.
    """
    parts = []
    progress.step("unlabelled images", len(items))
    for squares, seen in _batches(items):
        parts.append(classify_twice(model, squares))
        if look is not None:
            look.add(mean_colours(squares), parts[-1].upright)
        progress.done(seen)
    if not parts:
        raise SourceError("no image of the unlabelled folder can be read", "Name a folder of pictures, .npz or .tar.")
    upright = np.concatenate([part.upright for part in parts])
    mirrored = np.concatenate([part.mirrored for part in parts])
    found = ClassifiedTwice(upright, mirrored)
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


def confidence(said: ClassifiedTwice) -> np.ndarray:
    """Probability of the predicted class, float (n,)."""
    return said.upright.max(axis=1)


def threshold(scores: np.ndarray, right: np.ndarray) -> float:
    """The threshold of average thresholded confidence (ATC; Garg et al. 2022).

    Args:
        scores: confidence of labelled images, float (n,).
        right: which of them are right, bool (n,).

    Returns:
        A confidence that as large a share of the images exceeds as is right.

    >>> threshold(np.array([0.5, 0.6, 0.8, 0.9]), np.array([False, True, True, True]))
    0.55
    """
    ranked = np.sort(scores)
    wrong = int(len(right) - right.sum())
    if wrong == 0:
        return float(ranked[0] / 2)
    if wrong == len(ranked):
        return float((ranked[-1] + 1) / 2)
    return float((ranked[wrong - 1] + ranked[wrong]) / 2)


def average_thresholded_confidence(scores: np.ndarray, limit: float) -> float:
    """The share of images whose confidence exceeds the threshold: ATC's estimate of the accuracy."""
    return float((scores > limit).mean())


def difference_of_confidences(scores: np.ndarray, clean_scores: np.ndarray, clean_accuracy: float) -> float:
    """Accuracy on clean images less the loss of mean confidence (DoC; Guillory et al. 2021), kept within 0 .. 1."""
    return float(np.clip(clean_accuracy - (clean_scores.mean() - scores.mean()), 0, 1))


def agreement(said: ClassifiedTwice) -> float:
    """Share of the images that are called the same upright and mirrored."""
    return float((said.upright.argmax(axis=1) == said.mirrored.argmax(axis=1)).mean())


def cross_view_confidence(said: ClassifiedTwice) -> float:
    """Mean probability, in the mirrored view, of the class predicted upright: agreement counted by confidence."""
    predicted = said.upright.argmax(axis=1)[:, None]
    return float(np.take_along_axis(said.mirrored, predicted, axis=1).mean())


def proportions(said: ClassifiedTwice) -> np.ndarray:
    """Share of the images called each class, float (k,)."""
    return np.bincount(said.upright.argmax(axis=1), minlength=said.upright.shape[1]) / len(said)
