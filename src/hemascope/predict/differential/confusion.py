"""What a classifier confuses, counted on cells that it was not trained on: the part ``confusion`` of a model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard

MOST_CLASSES = 64
"""Of more no differential is corrected: the confusions of so many are not known from some thousand cells."""


@dataclass(frozen=True)
class Confusion:
    """Labelled cells by what they are and what they were called.

    Attributes:
        counts: float64 (k, k), whole numbers; rows are true, columns what was said. Cells flagged as unknown are not
            among them.
        flagged: float64 (k,), cells of each class that were flagged; zeros where that was not counted, so that flags
            are taken to be as frequent in every class.
        method: on which cells, in words.
    """

    counts: np.ndarray
    flagged: np.ndarray
    method: str = ""

    @classmethod
    def of(
        cls, targets: np.ndarray, said: np.ndarray, classes: int, flags: np.ndarray | None = None, method: str = ""
    ) -> Confusion:
        """Count.

        Args:
            targets: class numbers, int (n,); negative ones (unlabelled) are left out.
            said: class numbers that the model gave, int (n,).
            classes: k.
            flags: bool (n,), cells that the score of unknown objects flags; None where there is none.
            method: which cells they are, in words.

        >>> Confusion.of(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, np.array([False, False, True])).counts.tolist()
        [[1.0, 1.0], [0.0, 0.0]]
        """
        known = targets >= 0
        flags = np.zeros(len(targets), bool) if flags is None else flags
        counts = np.zeros((classes, classes))
        np.add.at(counts, (targets[known & ~flags], said[known & ~flags]), 1)
        return cls(counts, np.bincount(targets[known & flags], minlength=classes).astype(float), method)

    @property
    def cells(self) -> int:
        """How many were counted."""
        return int(self.counts.sum() + self.flagged.sum())

    def as_card(self) -> dict[str, Any]:
        """The part ``confusion`` of a model card; empty without a cell, and for more classes than are corrected."""
        if not self.cells or len(self.flagged) > MOST_CLASSES:
            return {}
        return {
            "counts": self.counts.astype(int).tolist(),
            "flagged": self.flagged.astype(int).tolist(),
            "images": self.cells,
            "method": self.method,
        }

    @classmethod
    def of_card(cls, card: ModelCard) -> Confusion | None:
        """What a card says; None where it says nothing, or of more than `MOST_CLASSES`.

        Raises:
            ModelFileError: it is not of the card's classes.
        """
        k = len(card.classes)
        if not card.confusion.get("counts") or k > MOST_CLASSES:
            return None
        rows, flagged = card.confusion["counts"], card.confusion.get("flagged") or [0] * k
        if [len(row) for row in rows] != [k] * k or len(flagged) != k:
            raise ModelFileError(
                f"the model {card.name!r} has a confusion that is not of its {k} classes",
                "Take the file as it was written.",
            )
        return cls(np.array(rows, float), np.array(flagged, float), card.confusion.get("method", ""))
