"""What a classifier says of a source, and which images are worth a look."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.errors import SourceError
from hemascope.explain.explainer import Explainer

Which = Literal["wrong", "correct", "all"]
_AT_ONCE = 256


class Judged(NamedTuple):
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


def judge(explainer: Explainer, source: Manifest, progress: Callable[[int], None] | None = None) -> Judged:
    """Classify every usable image of a source, labelled or not; few are in memory at a time.

    Args:
        explainer: the classifier.
        source: the images.
        progress: called with the number of images done.

    Raises:
        SourceError: none of the images can be read.
    """
    rows = source.rows(source.usable)
    probabilities = np.full((len(rows), len(explainer.classes)), np.nan)
    for start in range(0, len(rows), _AT_ONCE):
        part = np.arange(start, min(start + _AT_ONCE, len(rows)))
        loaded = load_pixels(rows.rows(part), explainer.size)
        read = (loaded.manifest.table["error"] == "").to_numpy()
        if read.any():
            probabilities[part[read]] = explainer.probabilities(loaded.images[read])
        if progress:
            progress(int(part[-1]) + 1)
    read = np.isfinite(probabilities).all(1)
    if not read.any():
        raise SourceError(f"{source.name or 'the source'}: none of its {len(source)} images can be read")
    kept = rows.rows(read)
    numbers = {name: number for number, name in enumerate(explainer.classes)}
    targets = np.array([numbers.get(label, -1) for label in kept.table["label"]], np.int64)
    return Judged(kept, probabilities[read], targets, len(source) - len(kept))


def choose(judged: Judged, which: Which = "wrong", most: int = 24) -> np.ndarray:
    """Positions of the images to explain, int64 (at most ``most``,).

    Of mistakes the surest come first, then the next. All others take turns by the class that is said, the surest of
    each first, so that every class is seen. Without any label all images are others.

    Args:
        judged: what was said.
        which: the mistakes, the labelled images that are right, or all with the mistakes first.
        most: at most so many.
    """
    confidence = judged.probabilities.max(1)
    mistakes = np.flatnonzero(judged.wrong)
    mistakes = mistakes[np.argsort(-confidence[mistakes], kind="stable")]
    if (judged.targets < 0).all():
        others = np.arange(len(confidence))
    elif which == "wrong":
        others = np.empty(0, np.int64)
    else:
        others = np.flatnonzero(judged.correct if which == "correct" else ~judged.wrong)
    turns = _turns(others, judged.probabilities)
    return (turns if which == "correct" else np.concatenate([mistakes, turns]))[:most]


def _turns(places: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    said, confidence = probabilities[places].argmax(1), probabilities[places].max(1)
    ranks = np.empty(len(places), np.int64)
    for number in np.unique(said):
        members = np.flatnonzero(said == number)
        ranks[members[np.argsort(-confidence[members], kind="stable")]] = np.arange(len(members))
    return places[np.lexsort((said, ranks))]
