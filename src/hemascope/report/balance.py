"""What the report says about class balance: how often a training saw each class, and how much it counted."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hemascope.report.run_files import RunFiles
from hemascope.train.balance import class_weights, draws_an_epoch, draws_by_class

_MEANINGS = {
    "original": "Every image is drawn once an epoch, so the classes come as often as the data set has them.",
    "uniform": "Rare classes are drawn more often than they occur, frequent ones less.",
    "augment_rare": "Rare classes are drawn more often than they occur, frequent ones less; "
    "an image's repeats are always augmented, never clean.",
    "weighted_loss": "Every image is drawn once an epoch; an image of a rare class counts more in the loss.",
}


class BalancedClass(NamedTuple):
    """One class of the training part.

    Attributes:
        name: of the class.
        images: it has in the training part.
        draws: how often an epoch shows one of them; the mean over epochs where they are drawn as they occur.
        repeats: draws of an image that the same epoch drew before.
        weight: of one of its images in the loss.
        share: of the class in the sum of all weights drawn, in [0, 1].
    """

    name: str
    images: int
    draws: int
    repeats: int
    weight: float
    share: float


@dataclass(frozen=True)
class BalancePart:
    """The balance of a training: its option, what that means, and the classes.

    ``strength`` is None where the option has none. ``draws`` and ``images`` are the sums over ``rows``.
    """

    name: str
    strength: float | None
    meaning: str
    draws: int
    images: int
    rows: tuple[BalancedClass, ...]


def balance_part(run: RunFiles) -> BalancePart | None:
    """The balance of a Run; None without a Manifest with training images or a recipe that this version can read."""
    counts = run.manifest.counts() if run.manifest is not None else None
    if counts is None or "train" not in counts or not counts["train"].sum():
        return None
    recipe = run.typed_recipe()
    if recipe is None or recipe.boosting is not None:  # boosting draws by what was wrong before
        return None
    balance, images = recipe.balance, counts["train"].to_numpy(np.int64)
    total = int(images.sum())
    batch_size = recipe.batch_size if isinstance(recipe.batch_size, int) else 1
    drawn = draws_an_epoch(total, batch_size)
    draws = draws_by_class(images, drawn, balance.strength if balance.changes_draws else 0.0)
    weights = class_weights(images, balance.strength if balance.changes_loss else 0.0)
    counted = draws * weights
    rows = (
        BalancedClass(name, int(n), int(d), int(max(d - n, 0)), float(w), float(c / counted.sum()))
        for name, n, d, w, c in zip(counts.index, images, draws, weights, counted, strict=True)
    )
    return BalancePart(
        balance.name,
        None if balance.name == "original" else balance.strength,
        _MEANINGS[balance.name],
        drawn,
        total,
        tuple(rows),
    )
