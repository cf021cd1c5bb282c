"""The cells of all fields as one file of COCO, as detectors are trained on and pycocotools reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hemascope import __version__
from hemascope.fields.outputs.categories import Categories
from hemascope.fields.outputs.kept import Field
from hemascope.files import atomic

FILE_NAME = "cells.coco.json"


def write_coco(path: Path, fields: Iterable[Field], classes: Sequence[str]) -> None:
    """Write the cells, whole or not at all, holding those of one field at a time.

    Categories are the model's classes, ``unknown`` and the kinds; the ``supercategory`` of each is its kind. Boxes are
    ``[xmin, ymin, width, height]`` in pixels. Each annotation has the detector's ``score`` and ``attributes``: what
    else is said of the cell. Fields that could not be read are not among the images.

    Args:
        path: of the file.
        fields: gone through twice.
        classes: the model's, in its order.

    Raises:
        WriteError: it cannot be written.
    """
    categories = Categories.of(classes)
    head = {"description": "Cells found in fields of a blood smear", "version": f"hemascope {__version__}"}
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f'{{"info": {json.dumps(head)},\n"licenses": [],\n"categories": [\n')
        of_kinds = ({"id": one.number, "name": one.name, "supercategory": one.kind} for one in categories)
        file.writelines(_lines(of_kinds))
        file.write('],\n"images": [\n')
        file.writelines(_lines(_image(number, field) for number, field in _read(fields)))
        file.write('],\n"annotations": [\n')
        file.writelines(_lines(_annotations(fields, categories)))
        file.write("]}\n")


def _lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line a record, with commas between."""
    for number, record in enumerate(records):
        yield (",\n" if number else "") + json.dumps(record)
    yield "\n"


def _read(fields: Iterable[Field]) -> Iterator[tuple[int, Field]]:
    """The fields that could be read, numbered from 1."""
    return enumerate((field for field in fields if not field.error), 1)


def _image(number: int, field: Field) -> dict[str, Any]:
    return {"id": number, "file_name": field.name, "width": field.width, "height": field.height}


def _annotations(fields: Iterable[Field], categories: Categories) -> Iterator[dict[str, Any]]:
    done = 0
    for number, field in _read(fields):
        for cell in field.cells:
            done += 1
            xmin, ymin, xmax, ymax = (round(end, 2) for end in cell.box)
            width, height = round(xmax - xmin, 2), round(ymax - ymin, 2)
            about = {
                "kind": cell.kind,
                "label": cell.label,
                "confidence": _rounded(cell.confidence),
                "unknown": _rounded(cell.unknown),
                "is_unknown": cell.is_unknown,
                "border": cell.border,
                "counted": cell.counted,
                "appearance": cell.appearance or None,
            }
            yield {
                "id": done,
                "image_id": number,
                "category_id": categories.called(cell).number,
                "bbox": [xmin, ymin, width, height],
                "area": round(width * height, 2),
                "iscrowd": 0,
                "segmentation": [],
                "score": _rounded(cell.score),
                "attributes": {key: value for key, value in about.items() if value is not None},
            }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
