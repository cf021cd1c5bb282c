"""Images explained one by one: what was said and where it was seen, plain and augmented."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.errors import SourceError
from hemascope.explain.explainer import Explainer
from hemascope.explain.focus import heat_share
from hemascope.progress import SILENT, Progress

Which = Literal["wrong", "correct", "all"]
_AT_ONCE = 256


class Classified(NamedTuple):
    """The readable images of a source and what was said of them.

    Attributes:
        rows: n rows of the source's Manifest.
        probabilities: float (n, k).
        targets: true class numbers in the model's order, int64 (n,); -1 where unlabelled or of none of its classes.
        unread: how many of the source could not be used.
    """

    rows: Manifest
    probabilities: np.ndarray
    targets: np.ndarray
    unread: int

    @property
    def wrong(self) -> np.ndarray:
        """Which are labelled and called something else, bool (n,)."""
        return (self.targets >= 0) & (self.targets != self.probabilities.argmax(1))

    @property
    def correct(self) -> np.ndarray:
        """Which are labelled and right, bool (n,)."""
        return (self.targets >= 0) & ~self.wrong


def classify(explainer: Explainer, source: Manifest, *, progress: Progress = SILENT) -> Classified:
    """Classify every usable image of a source, labelled or not; few are in memory at a time.

    Args:
        explainer: the classifier.
        source: the images.
        progress: told how many images are done.

    Raises:
        SourceError: none of the images can be read.
    """
    rows = source.rows(source.usable)
    probabilities = np.full((len(rows), len(explainer.classes)), np.nan)
    progress.step("classifying", len(rows))
    for start in range(0, len(rows), _AT_ONCE):
        part = np.arange(start, min(start + _AT_ONCE, len(rows)))
        loaded = load_pixels(rows.rows(part), explainer.size)
        read = (loaded.manifest.table["error"] == "").to_numpy()
        if read.any():
            probabilities[part[read]] = explainer.probabilities(loaded.images[read])
        progress.done(int(part[-1]) + 1)
    read = np.isfinite(probabilities).all(1)
    if not read.any():
        raise SourceError(f"{source.name or 'the source'}: none of its {len(source)} images can be read")
    kept = rows.rows(read)
    numbers = {name: number for number, name in enumerate(explainer.classes)}
    targets = np.array([numbers.get(label, -1) for label in kept.table["label"]], np.int64)
    return Classified(kept, probabilities[read], targets, len(source) - len(kept))


def choose(classified: Classified, which: Which = "wrong", most: int = 24) -> np.ndarray:
    """Positions of the images to explain, int64 (at most ``most``,).

    Of mistakes the surest come first, then the next. All others take turns by the class that is said, the surest of
    each first, so that every class is seen. Without any label all images are others.

    Args:
        classified: what was said.
        which: the mistakes, the labelled images that are right, or all with the mistakes first.
        most: at most so many.
    """
    confidence = classified.probabilities.max(1)
    mistakes = np.flatnonzero(classified.wrong)
    mistakes = mistakes[np.argsort(-confidence[mistakes], kind="stable")]
    if (classified.targets < 0).all():
        others = np.arange(len(confidence))
    elif which == "wrong":
        others = np.empty(0, np.int64)
    else:
        others = np.flatnonzero(classified.correct if which == "correct" else ~classified.wrong)
    turns = _turns(others, classified.probabilities)
    return (turns if which == "correct" else np.concatenate([mistakes, turns]))[:most]


def _turns(places: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    said, confidence = probabilities[places].argmax(1), probabilities[places].max(1)
    ranks = np.empty(len(places), np.int64)
    for number in np.unique(said):
        members = np.flatnonzero(said == number)
        ranks[members[np.argsort(-confidence[members], kind="stable")]] = np.arange(len(members))
    return places[np.lexsort((said, ranks))]


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
        appearance: what the classifier sees of the cell in a few words; "" where it says nothing.
    """

    path: str
    member: str
    true: str
    true_probability: float | None
    plain: View
    true_heat: np.ndarray | None
    augmented: View | None
    appearance: str = ""


def explain_cases(
    explainer: Explainer,
    classified: Classified,
    places: np.ndarray,
    change: Change | None = None,
    *,
    progress: Progress = SILENT,
) -> list[Case]:
    """Explain some of the classified images.

    Args:
        explainer: which classified them.
        classified: all of them.
        places: positions of those to explain.
        change: augments them, all at once.
        progress: told that the step began.
    """
    if not len(places):
        return []
    progress.step("explaining")
    rows, targets = classified.rows.rows(places), classified.targets[places]
    images = load_pixels(rows, explainer.size).images
    probabilities = classified.probabilities[places]
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
    table, seen = rows.table, explainer.appearances(images)
    return [
        Case(
            table["path"].iloc[i],
            table["member"].iloc[i],
            table["label"].iloc[i],
            float(probabilities[i, targets[i]]) if targets[i] >= 0 else None,
            plain[i],
            against[i],
            changed[i],
            seen[i],
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
