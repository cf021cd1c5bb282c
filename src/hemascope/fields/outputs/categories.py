"""What a cell of a field is called in files and pictures, and in which colour it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hemascope.cells import colours, title
from hemascope.fields.cell import KINDS, Cell

UNKNOWN = "unknown"
"""White cells that are probably none of the classes."""

_TITLES = {"white": "White cell, no class", "red": "Red cell", UNKNOWN: "Unknown, no class fits"}
_COLOURS = {"white": "#0e9aa7", "red": "#eba10f", UNKNOWN: "#101418"}


class Category(NamedTuple):
    """What cells are called: a class of the model, `UNKNOWN`, or a kind.

    Attributes:
        number: from 1.
        name: as in files.
        title: as people read it.
        colour: ``#rrggbb``.
        kind: one of `hemascope.fields.cell.KINDS`.
    """

    number: int
    name: str
    title: str
    colour: str
    kind: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 .. 255.

        >>> Category(1, "red", "Red cell", "#eba10f", "red").rgb
        (235, 161, 15)
        """
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


class Categories(tuple[Category, ...]):
    """All that cells may be called: the model's classes in their order, then unknown ones, then kinds.

    >>> [one.name for one in Categories.of(("monocyte", "platelet"))]
    ['monocyte', 'platelet', 'unknown', 'white', 'red']
    """

    @classmethod
    def of(cls, classes: Sequence[str]) -> Categories:
        """Of a model with these classes."""
        kinds = {name: name if name in KINDS else "white" for name in (*classes, UNKNOWN, *KINDS)}
        inks = dict(zip(kinds, colours(tuple(kinds)), strict=True)) | _COLOURS
        titles = {name: title(name) for name in kinds} | _TITLES
        return cls(
            Category(number, name, titles[name], inks[name], kind)
            for number, (name, kind) in enumerate(kinds.items(), 1)
        )

    def called(self, cell: Cell) -> Category:
        """What a cell is called: a white one by its class, or unknown; any other by its kind.

        >>> Categories.of(("monocyte",)).called(Cell("a.png", kind="white", label="monocyte")).title
        'Monocyte'
        """
        name = (UNKNOWN if cell.is_unknown else cell.label) if cell.kind == "white" else cell.kind
        by_name = {one.name: one for one in self}
        return by_name.get(name or cell.kind) or by_name[cell.kind]
