"""White cells cut out of their fields, in a folder a class, as `hemascope train` and `predict` read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.fields.cell import Cell
from hemascope.fields.outputs.names import safe_name
from hemascope.fields.outputs.pixels import Pixels, square
from hemascope.files import atomic

FOLDER = "crops"
"""Holds a folder a class."""

UNKNOWN_FOLDER = "crops-unknown"
"""Beside it: cells that are probably none of the classes, which would be a class of their own within."""

AROUND = 1.6
"""Sides of a cell's box that are cut out where nothing else is said."""


Cut = Callable[[Cell], np.ndarray]
"""Cuts a cell out of its field: uint8 (h, w, 3)."""


def write_crops(
    folder: Path, stem: str, pixels: Pixels, cells: Iterable[Cell], *, cut: Cut | None = None
) -> list[Path]:
    """Write the white cells that are counted and have a class, a PNG each.

    Names are the field's and the cell's number in it, ``field_01_0007.png``. Two fields never write the same name,
    since all before the last ``_`` is the field's.

    Args:
        folder: of the count; `FOLDER` and `UNKNOWN_FOLDER` are made in it.
        stem: name of the field's files, see `hemascope.fields.outputs.names.Stems`.
        pixels: of the field.
        cells: of it, in the order of the table.
        cut: cuts a cell out; without, a square is, `AROUND` times the longer side of the cell's box.

    Returns:
        The files.

    Raises:
        WriteError: one cannot be written.
    """
    written = []
    for number, cell in enumerate(cells, 1):
        if cell.kind != "white" or not cell.counted or not cell.label:
            continue
        where = folder / UNKNOWN_FOLDER if cell.is_unknown else folder / FOLDER / safe_name(cell.label)
        path = where / f"{stem}_{number:04d}.png"
        with atomic(path) as temporary:
            found = square(pixels, cell.centre, side_of(cell)) if cut is None else cut(cell)
            Image.fromarray(np.ascontiguousarray(found)).save(temporary, "PNG")
        written.append(path)
    return written


def side_of(cell: Cell) -> float:
    """Side of what is cut out of a cell by its box, in pixels.

    >>> side_of(Cell("a.png", (0, 0, 50, 40)))
    80.0
    """
    xmin, ymin, xmax, ymax = cell.box
    return AROUND * max(xmax - xmin, ymax - ymin)
