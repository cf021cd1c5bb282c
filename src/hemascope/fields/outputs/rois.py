"""The cells of a field as ROIs of ImageJ: open the .zip in ImageJ or Fiji, and they are in its ROI manager."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from hemascope.errors import HemascopeError
from hemascope.fields.cell import Cell
from hemascope.fields.outputs.categories import Categories
from hemascope.fields.outputs.names import safe_name
from hemascope.files import atomic

if TYPE_CHECKING:
    from roifile import ImagejRoi

FOLDER, SUFFIX = "rois", ".zip"

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip knows: the same cells make the same file

_LARGEST = 2**15 - 1  # of a whole number there; on larger slides ImageJ goes by the others alone


def require_roifile() -> ModuleType:
    """The library that writes them.

    Raises:
        HemascopeError: it is not installed.
    """
    try:
        import roifile
    except ImportError as problem:
        raise HemascopeError(
            "ROIs of ImageJ need roifile, which is not installed", "pip install 'hemascope[fields]'"
        ) from problem
    return roifile


def write_rois(path: Path, cells: Iterable[Cell], classes: Sequence[str]) -> None:
    """Write a set of ROIs, whole or not at all: a rectangle a cell, in the colour of its class.

    Their names are a number and the class, such as ``0007 neutrophil``; their properties are the kind, the score, the
    label, its confidence, and whether the cell is counted. Without a cell there is no file, which ImageJ would refuse.

    Args:
        path: of the .zip.
        cells: of one field.
        classes: the model's, in its order.

    Raises:
        HemascopeError: roifile is not installed.
        WriteError: it cannot be written.
    """
    require_roifile()
    categories = Categories.of(classes)
    cells = list(cells)
    if not cells:
        path.unlink(missing_ok=True)
        return
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        for number, cell in enumerate(cells, 1):
            roi = _roi(cell, number, categories)
            file.writestr(zipfile.ZipInfo(f"{roi.name}.roi", _LONG_AGO), roi.tobytes(), zipfile.ZIP_DEFLATED)


def _roi(cell: Cell, number: int, categories: Categories) -> ImagejRoi:
    from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

    category = categories.called(cell)
    xmin, ymin, xmax, ymax = map(float, cell.box)
    left, top, right, bottom = (min(_LARGEST, round(end)) for end in cell.box)
    about = {
        "kind": cell.kind,
        "score": f"{cell.score:.4g}",
        "label": cell.label,
        "confidence": None if cell.confidence is None else f"{cell.confidence:.4g}",
        "unknown": None if cell.unknown is None else f"{cell.unknown:.4g}",
        "counted": "yes" if cell.counted else "no",
    }
    return ImagejRoi(
        roitype=ROI_TYPE.RECT,
        options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION,
        name=f"{number:04d} {safe_name(category.name)}",
        props="".join(f"{key}: {value}\n" for key, value in about.items() if value is not None),
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        xd=xmin,
        yd=ymin,
        widthd=xmax - xmin,
        heightd=ymax - ymin,
        stroke_color=bytes((255, *category.rgb)),
    )
