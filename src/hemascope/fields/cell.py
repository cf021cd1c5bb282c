"""What is said of one cell of a field."""

from __future__ import annotations

from dataclasses import dataclass

from hemascope.cells import KINDS, Kind

__all__ = ["KINDS", "Box", "Cell", "Kind"]

Box = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax in pixels of a field, which begin at 0."""


@dataclass(frozen=True)
class Cell:
    """A cell of a field; or, with ``error`` and nothing else, a field that could not be read.

    Attributes:
        field: name of the field.
        box: within the field.
        kind: one of `KINDS`; "" for a field that could not be read.
        score: the detector's, 0 .. 1.
        border: whether the box touches the field's edge.
        counted: whether it is in the counts: cells cut by the right or the lower edge are not, as in a haemocytometer.
        label: the class that a white cell was called; "platelet" for platelets; None for red cells.
        confidence: the calibrated probability of ``label``, 0 .. 1; None for cells that are not classified.
        probabilities: of each class, in the model's order; () for cells that are not classified.
        unknown: how little the cell is like those of the classes, 0 .. 1; None where the model does not tell.
        is_unknown: whether that is above the model's threshold, so that probably no class fits.
        appearance: what is seen of it in a few words; "" where nothing is said or it was not asked for.
        attributes: the same, a value an attribute, in the order of the model's; () where it was not asked for.
        error: why the field could not be read, or the cell not be classified; "" otherwise.
    """

    field: str
    box: Box = (0.0, 0.0, 0.0, 0.0)
    kind: str = ""
    score: float = 0.0
    border: bool = False
    counted: bool = False
    label: str | None = None
    confidence: float | None = None
    probabilities: tuple[float, ...] = ()
    unknown: float | None = None
    is_unknown: bool = False
    appearance: str = ""
    attributes: tuple[str, ...] = ()
    error: str = ""

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box: x, y.

        >>> Cell("a.png", (0, 10, 20, 40)).centre
        (10.0, 25.0)
        """
        xmin, ymin, xmax, ymax = self.box
        return (xmin + xmax) / 2, (ymin + ymax) / 2
