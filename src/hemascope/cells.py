"""The eight classes of peripheral blood cells: their names, their order and their colours.

The order is BloodMNIST's and holds everywhere: in label numbers, probability columns, tables and figures.
"""

from typing import Literal, NamedTuple, get_args

Counted = Literal["differential", "per_hundred", "apart"]
"""How a laboratory counts a class: as a share of the leucocytes, as so many per hundred of them, or elsewhere."""


class CellClass(NamedTuple):
    """One class of cells: the name in files and columns, the title for people, the colour in figures."""

    name: str
    title: str
    colour: str


CELLS: tuple[CellClass, ...] = (
    CellClass("basophil", "Basophil", "#4b3fa7"),
    CellClass("eosinophil", "Eosinophil", "#d1495b"),
    CellClass("erythroblast", "Erythroblast", "#8d5a2b"),
    CellClass("immature_granulocyte", "Immature granulocyte", "#b5651d"),
    CellClass("lymphocyte", "Lymphocyte", "#1f78b4"),
    CellClass("monocyte", "Monocyte", "#5c6b73"),
    CellClass("neutrophil", "Neutrophil", "#2a9d5c"),
    CellClass("platelet", "Platelet", "#c77dba"),
)

BLOOD_CLASSES: tuple[str, ...] = tuple(cell.name for cell in CELLS)
"""Names of the eight classes, in order."""

Kind = Literal["white", "red", "platelet"]
"""What is told apart in a field of a smear; white are the nucleated cells, leucocytes and erythroblasts."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""All of them, in the order of their numbers."""

KIND_TITLES: dict[Kind, str] = {"white": "white cells", "red": "red cells", "platelet": "platelets"}
"""Several of a kind, as people read it."""

_COUNTED: dict[str, Counted] = {"erythroblast": "per_hundred", "platelet": "apart"}

# Colours for classes of other class sets, taken in turn.
_OTHER_COLOURS = ("#e07a1f", "#3a86a8", "#7a9e2e", "#a83a6b", "#6a5acd", "#b08900", "#2f7f7f", "#99582a")


def title(name: str) -> str:
    """The class's name as people read it.

    >>> title("immature_granulocyte")
    'Immature granulocyte'
    """
    return name.replace("_", " ").strip().capitalize()


def counted(name: str) -> Counted:
    """How laboratories count a class (CLSI H20-A2).

    Leucocytes are percentages that sum to 100, nucleated red cells so many per 100 leucocytes, and platelets are
    counted elsewhere.

    >>> counted("monocyte"), counted("platelet")
    ('differential', 'apart')
    """
    return _COUNTED.get(name, "differential")


def colours(classes: tuple[str, ...]) -> tuple[str, ...]:
    """One colour (``#rrggbb``) a class: the class's own where it is one of the eight, else the next free one."""
    known = {cell.name: cell.colour for cell in CELLS}
    return tuple(known.get(name, _OTHER_COLOURS[i % len(_OTHER_COLOURS)]) for i, name in enumerate(classes))
