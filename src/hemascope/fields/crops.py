"""A cell cut out of its field, framed as the classifier knows cells."""

from __future__ import annotations

import math

import numpy as np

from hemascope.fields.cell import Box
from hemascope.fields.scale import WHITE


def side_of(box: Box, red_width: float | None, framing: float) -> int:
    """Side in pixels of the square to cut out around a cell.

    Red cells are all of a size and tell how large a field is magnified; where none were found the cell's own box does,
    as if it were of the usual size.

    Args:
        box: xmin, ymin, xmax, ymax in pixels.
        red_width: pixels across the field's red cells; None where it is not known.
        framing: the square's side in widths of a red cell, see `hemascope.fields.card.DetectorCard`.

    >>> side_of((0, 0, 64, 64), 40.0, 3.0), side_of((0, 0, 64, 64), None, 3.0)
    (120, 120)
    """
    if red_width is None:
        red_width = math.sqrt((box[2] - box[0]) * (box[3] - box[1])) / WHITE
    return max(1, round(red_width * framing))


def cut_out(field: np.ndarray, box: Box, side: int) -> np.ndarray:
    """The square around a cell's centre, uint8 (side, side, 3); what lies beyond the field's edge is mirrored.

    The mirrored part looks like a smear, as the classifier is used to; a plain colour does not.

    Args:
        field: uint8 (h, w, 3).
        box: xmin, ymin, xmax, ymax in pixels.
        side: of the square.

    >>> cut_out(np.arange(12, dtype=np.uint8).reshape(1, 4, 3), (0, 0, 2, 1), 2)[:, :, 0].tolist()
    [[0, 3], [0, 3]]
    """
    rows, columns = (
        _mirrored(round((low + high) / 2 - side / 2), side, length)
        for low, high, length in ((box[1], box[3], field.shape[0]), (box[0], box[2], field.shape[1]))
    )
    return field[rows[:, None], columns]


def _mirrored(start: int, count: int, length: int) -> np.ndarray:
    """Places ``start`` and following ones on an axis of some length, mirrored where they are not on it."""
    places = np.arange(start, start + count) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
