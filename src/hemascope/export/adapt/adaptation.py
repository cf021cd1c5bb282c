"""What adapting a model file to a folder did, in numbers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Adaptation:
    """What adapting did.

    Attributes:
        classes: names of the k classes.
        images: how many were used.
        errors: why others could not be read.
        weight: of the folder's statistics, 0 .. 1.
        shift: how far the folder is from the training's images, see `hemascope.export.adapt.refit.shift_score`.
        before, after: probabilities of the used images by the file before and after, float32 (images, k).
        stain_varied: whether the training's augmentation changed the stain.
    """

    classes: tuple[str, ...]
    images: int
    errors: list[str]
    weight: float
    shift: float
    before: np.ndarray
    after: np.ndarray
    stain_varied: bool = False

    @property
    def confidence(self) -> tuple[float, float]:
        """Mean probability of the label, before and after."""
        return float(self.before.max(axis=1).mean()), float(self.after.max(axis=1).mean())

    @property
    def agreement(self) -> float:
        """Share of the images that keep their label."""
        return float((self.before.argmax(axis=1) == self.after.argmax(axis=1)).mean())

    @property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Share of each class among the labels, before and after, float64 (k,)."""
        k = len(self.classes)
        before, after = (np.bincount(p.argmax(axis=1), minlength=k) / self.images for p in (self.before, self.after))
        return before, after
