"""Cells as GeoJSON that QuPath opens: drag the file onto the opened field, or onto the opened slide."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hemascope.cells import title
from hemascope.fields.cell import Cell
from hemascope.fields.outputs.categories import Categories, Category
from hemascope.files import atomic

FOLDER, SUFFIX = "geojson", ".geojson"

_IDS = uuid.UUID("6f0e6a8c-7f4b-5d0e-9a55-6d1b9d3f1c11")  # a cell has the same id whenever it is written


def write_geojson(path: Path, cells: Iterable[Cell], classes: Sequence[str]) -> None:
    """Write a FeatureCollection, whole or not at all, as QuPath itself writes one; one cell at a time is in memory.

    Each cell is a detection: its box as a closed polygon in pixels of the picture from its upper left corner, its
    classification with the colour, and its numbers as measurements. Words are in ``metadata``, which QuPath keeps from
    0.5 on.

    Args:
        path: of the file.
        cells: of one field; or of a slide, see `on_slide`.
        classes: the model's, in its order.

    Raises:
        WriteError: it cannot be written.
    """
    categories = Categories.of(classes)
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for number, feature in enumerate(_features(cells, categories, classes)):
            file.write((",\n" if number else "\n") + json.dumps(feature))
        file.write("\n]}\n")


def on_slide(cells: Iterable[Cell], left: float, top: float, downsample: float) -> Iterator[Cell]:
    """The cells of a window with their boxes in pixels of the slide's largest level.

    Args:
        cells: their boxes are in pixels of the window.
        left, top: of the window, in pixels of the largest level.
        downsample: pixels of the largest level for one of the window.

    >>> next(on_slide([Cell("a.svs#1856,0", (10, 20, 30.5, 40))], 1856, 0, 4)).box
    (1896, 80, 1978.0, 160)
    """
    for cell in cells:
        xmin, ymin, xmax, ymax = (end * downsample for end in cell.box)
        yield replace(cell, box=(left + xmin, top + ymin, left + xmax, top + ymax))


def _features(cells: Iterable[Cell], categories: Categories, classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, cell in enumerate(cells, 1):
        xmin, ymin, xmax, ymax = (round(float(end), 2) for end in cell.box)
        ring = [[xmin, ymin], [xmax, ymin], [xmax, ymax], [xmin, ymax], [xmin, ymin]]
        yield {
            "type": "Feature",
            "id": str(uuid.uuid5(_IDS, f"{cell.field}#{number}")),
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {
                "objectType": "detection",
                "classification": _classification(categories.called(cell)),
                "measurements": _measurements(cell, classes),
                "metadata": _metadata(cell),
            },
        }


def _classification(category: Category) -> dict[str, Any]:
    return {"name": category.title, "color": list(category.rgb)}


def _measurements(cell: Cell, classes: Sequence[str]) -> dict[str, float]:
    values = {"Detector score": cell.score, "Confidence": cell.confidence, "Unknown score": cell.unknown}
    values |= {f"Probability {title(name)}": share for name, share in zip(classes, cell.probabilities, strict=False)}
    return {name: float(f"{value:.6g}") for name, value in values.items() if value is not None}


def _metadata(cell: Cell) -> dict[str, str]:
    """Words only: QuPath's metadata are texts."""
    counted = "yes" if cell.counted else "no, cut by an edge" if cell.border else "no"
    words = {"Kind": cell.kind, "Label": cell.label, "Counted": counted, "Appearance": cell.appearance}
    return {name: word for name, word in words.items() if word}
