"""Images explained one by one: what was said and where it was seen, plain and augmented."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hemascope.data.pixels import load_pixels
from hemascope.explain.explainer import Explainer
from hemascope.explain.judge import Judged
from hemascope.explain.pointing import heat_share

Change = Callable[[np.ndarray], np.ndarray]
"""Images uint8 (n, h, w, 3) to augmented ones."""


class View(NamedTuple):
    """One picture as the network sees it.

    Attributes:
        image: uint8 (size, size, 3).
        label: the class that is said.
        probability: its calibrated probability, 0 .. 1.
        heat: what speaks for it, float32 (size, size) in [0, 1].
    """

    image: np.ndarray
    label: str
    probability: float
    heat: np.ndarray


class Case(NamedTuple):
    """One image, explained.

    Attributes:
        path: as in the Manifest.
        member: likewise.
        true: its class, "" where unlabelled.
        true_probability: of the true class on the plain picture; None where unlabelled or unknown to the model.
        plain: the picture as it is.
        true_heat: where the true class was seen instead, float32 (size, size); None unless that is another class.
        augmented: the picture changed; None where that was not asked for.
    """

    path: str
    member: str
    true: str
    true_probability: float | None
    plain: View
    true_heat: np.ndarray | None
    augmented: View | None


def explain_cases(explainer: Explainer, judged: Judged, places: np.ndarray, change: Change | None = None) -> list[Case]:
    """Explain some of the judged images.

    Args:
        explainer: which judged them.
        judged: all of them.
        places: positions of those to explain.
        change: augments them, all at once.
    """
    if not len(places):
        return []
    rows, targets = judged.rows.rows(places), judged.targets[places]
    images = load_pixels(rows, explainer.size).images
    probabilities = judged.probabilities[places]
    plain = _views(explainer, images, probabilities)
    changed: list[View | None] = [None] * len(images)
    if change is not None:
        other = change(images)
        changed = list(_views(explainer, other, explainer.probabilities(other)))
    against: list[np.ndarray | None] = [None] * len(images)
    mistaken = np.flatnonzero((targets >= 0) & (targets != probabilities.argmax(1)))
    if len(mistaken):
        heats = explainer.heat(images[mistaken], targets[mistaken])
        for place, heat in zip(mistaken, heats, strict=True):
            against[place] = heat
    table = rows.table
    return [
        Case(
            table["path"].iloc[i],
            table["member"].iloc[i],
            table["label"].iloc[i],
            float(probabilities[i, targets[i]]) if targets[i] >= 0 else None,
            plain[i],
            against[i],
            changed[i],
        )
        for i in range(len(images))
    ]


class ClassHeat(NamedTuple):
    """Where a class is seen, on average of the images that were called it.

    Attributes:
        label: the class that was said.
        images: how many.
        heat: their mean heat, float32 (size, size) in [0, 1].
        middle: mean share of the heat within the centred square of half the image's area; 0.5 without any aim.
    """

    label: str
    images: int
    heat: np.ndarray
    middle: float


def class_heats(cases: list[Case], classes: tuple[str, ...]) -> list[ClassHeat]:
    """Mean heat of the plain pictures by the class that was said, in the order of ``classes``; absent ones left out."""
    found = []
    for label in classes:
        heats = np.array([case.plain.heat for case in cases if case.plain.label == label])
        if len(heats):
            shares = heat_share(heats, np.broadcast_to(_middle(heats.shape[1]), heats.shape))
            seen = shares[np.isfinite(shares)]
            found.append(ClassHeat(label, len(heats), heats.mean(0), float(seen.mean()) if len(seen) else np.nan))
    return found


def _middle(side: int) -> np.ndarray:
    half = round(side * np.sqrt(0.5))
    first = (side - half) // 2
    mask = np.zeros((side, side), bool)
    mask[first : first + half, first : first + half] = True
    return mask


def _views(explainer: Explainer, images: np.ndarray, probabilities: np.ndarray) -> list[View]:
    said = probabilities.argmax(1)
    heats = explainer.heat(images, said)
    return [
        View(image, explainer.classes[number], float(row[number]), heat)
        for image, number, row, heat in zip(images, said, probabilities, heats, strict=True)
    ]
