"""The cells to label next as a page: pictures with the model's guess, a box for the class, and the filled-in list."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from hemascope import __version__
from hemascope.adapt.next_cells import COLUMNS, NextCells
from hemascope.data.delimited import write_delimited
from hemascope.files import write_text
from hemascope.report.gallery import picture
from hemascope.report.template import rendered


def write_sheet(page: Path, cells: NextCells, name: str) -> None:
    """Write the page: one HTML file that asks for nothing from outside.

    Args:
        page: where.
        cells: what is on it.
        name: of the list that it gives back, which `hemascope adapt --labelled` reads.
    """
    rows = cells.rows
    shown = [
        {
            "picture": picture(image),
            "guess": guess,
            "confidence": confidence,
            "place": row[0],
            "name": Path(row[0]).name,
        }
        for row, image, guess, confidence in zip(rows, cells.images, cells.guesses, cells.confidences, strict=True)
    ]
    lines = {
        "name": name,
        "header": ",".join(COLUMNS),
        "lines": [[_csv(row[:1]), row[2], _csv(row[2:])] for row in rows],
        "classes": list(cells.classes),
    }
    write_text(page, rendered("label.html.j2", {"cells": shown, "lines": lines, "version": __version__}))


def _csv(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    write_delimited(text, [cells])
    return text.getvalue()[:-1]
