"""What teaching a model file did, estimated on cells that it had not seen, in numbers and in sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from hemascope.adapt.choice import Choice
from hemascope.adapt.teach import confused
from hemascope.cells import title
from hemascope.jeffreys import jeffreys
from hemascope.shown import paragraphs, percent, table, with_interval

_CHANCE = 0.05


@dataclass(frozen=True)
class Taught:
    """What teaching did; a notebook shows it as the scores before and after.

    Attributes:
        classes: names of the k classes, new ones last.
        known: how many of them the file had before.
        targets: number of each labelled cell's class, int (n,).
        said_before: what the file said of them before.
        said_after: what it says of them by cross-validation: each by a head that was fitted without it.
        remembered: share of the remembered images that are called their class, before and after; half of them are those
            that the training found hardest.
        flagged: share of the labelled cells that the score of unknown objects flags, before and after; None without it.
        errors: why others could not be read.
        unlabelled: how many cells without labels helped.
        zoom: at which the file sees cells, where these chose it.
    """

    classes: tuple[str, ...]
    known: int
    targets: np.ndarray
    said_before: np.ndarray
    said_after: np.ndarray
    remembered: tuple[float, ...]
    flagged: tuple[float, float] | None
    errors: list[str]
    unlabelled: int = 0
    zoom: Choice | None = None

    @property
    def before(self) -> tuple[float, float, float]:
        """Accuracy on the labelled cells before, with the ends of its 95% interval."""
        return _share(self.said_before == self.targets)

    @property
    def after(self) -> tuple[float, float, float]:
        """The same by cross-validation for the taught file."""
        return _share(self.said_after == self.targets)

    @property
    def changed(self) -> tuple[int, int]:
        """Cells that were wrong and are right now, and the other way."""
        was, now = self.said_before == self.targets, self.said_after == self.targets
        return int((now & ~was).sum()), int((was & ~now).sum())

    @property
    def better(self) -> bool:
        """Whether more cells were mended than spoiled."""
        mended, spoiled = self.changed
        return mended > spoiled

    @property
    def comparison(self) -> str:
        """The two accuracies and what changed, in words."""
        mended, spoiled = self.changed
        return (
            f"{with_interval(self.before)} of {len(self.targets)} labelled cells are right before and "
            f"{with_interval(self.after)} after, by cross-validation ({mended} mended, {spoiled} spoiled)"
        )

    @property
    def heading(self) -> str:
        """How many labelled cells there were, and unlabelled ones beside them."""
        cells = f"{len(self.targets):,} labelled cells of {len(np.unique(self.targets))} classes"
        if self.unlabelled:
            cells = f"{len(self.targets):,} labelled and {self.unlabelled:,} unlabelled cells"
        return f"{cells}, by cross-validation"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What changed: name, before and after."""
        found = [("Right", with_interval(self.before), with_interval(self.after))]
        for number in np.unique(self.targets).tolist():
            own = self.targets == number
            new = number >= self.known
            found.append(
                (
                    f"{title(self.classes[number])} ({own.sum()}{', new' if new else ''})",
                    "" if new else percent(float((self.said_before[own] == number).mean())),
                    percent(float((self.said_after[own] == number).mean())),
                )
            )
        found.append(("Remembered images", percent(self.remembered[0]), percent(self.remembered[1])))
        if self.flagged is not None:
            found.append(("Flagged as unknown", percent(self.flagged[0]), percent(self.flagged[1])))
        return found

    @property
    def lines(self) -> list[str]:
        """What to know before the file is used, in sentences."""
        found = [f"Left out, because unreadable: {len(self.errors):,}, first {self.errors[0]}"] if self.errors else []
        if self.zoom is not None:
            found.append(self.zoom.sentence)
        mended, spoiled = self.changed
        if (chance := float(special.bdtr(spoiled, mended + spoiled, 0.5))) > _CHANCE:
            found.append(
                f"So few cells do not tell that from chance ({mended} mended, {spoiled} spoiled; p = {chance:.2f}): "
                "label more."
            )
        for pair in confused(self.targets, self.said_after):
            first, second = title(self.classes[pair.first]), title(self.classes[pair.second])
            found.append(f"Not told apart: {first} and {second}, {pair.mistakes} of {pair.cells} called the other.")
        if self.targets.min() >= self.known:
            found.append(
                "No cell of a class that the model knew was labelled: cells of this laboratory may now be called the "
                "new class too often. Label some that are like it."
            )
        if missing := [title(name) for k, name in enumerate(self.classes) if k not in self.targets]:
            found.append(
                f"Nothing is known of this laboratory's cells of classes without a label: {', '.join(missing)}."
            )
        return found

    def _repr_html_(self) -> str:
        return table(["", "Before", "After"], self.rows, self.heading) + paragraphs(self.lines)


def _share(right: np.ndarray) -> tuple[float, float, float]:
    return (float(right.mean()), *jeffreys(int(right.sum()), len(right)))
