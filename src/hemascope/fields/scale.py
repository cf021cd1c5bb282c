"""The scale of a field, from its red cells: a first look tells how wide they are, and so what to resize it by.

Magnification and camera make a red cell 10 to 150 pixels wide, and a detector finds best where it is as wide as those
that it learnt. All of a smear are nearly of a width, some 7.5 µm, so that they are the measure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hemascope.fields.card import DetectorCard
from hemascope.fields.cell import KINDS, Kind
from hemascope.fields.tiles import SIDE, rounded

if TYPE_CHECKING:
    from hemascope.fields.detector import Found

WHITE = 1.6
"""Width of a white cell in those of a red one."""

FEWEST = 5
"""Red cells whose median tells their width."""

FIRST = 640
"""Resized pixels along the longer side of a field at the first look."""

_LOOKS = (1.0, 2.0, 0.5, 4.0)  # times the scale of the first look, until there are red cells
_MOST = 4.0  # a field is enlarged no further: red cells of 10 pixels
_NEAR = 1.25  # times too wide or too narrow: no further look
_CORRECTIONS = 2  # further looks

Look = Callable[[float, np.ndarray], "Found"]


def choose(look: Look, field: np.ndarray, card: DetectorCard) -> Found:
    """The cells of a field, found at the scale that its red cells tell.

    Where it has fewer than `FEWEST`, its white cells tell it, and without them the field's size does. A look that finds
    red cells of another width than it was to bring them to is repeated at the scale which they tell.

    Args:
        look: finds the cells of a field, or of a part of it, at a scale.
        field: uint8 (h, w, 3).
        card: the detector's.
    """
    first = rounded(min(FIRST / max(field.shape[:2]), _MOST / 2))
    scale, scale_from, white, found = first, "field size", None, None
    for times in _LOOKS:
        now = rounded(min(first * times, _MOST))
        part = _middle(field, now)
        seen = look(now, part)
        if (width := red_width(seen, part.shape)) is not None:
            scale, scale_from = _wanted(width, card), "red cells"
            found = seen if now == scale and part is field else None
            break
        across = _median(seen, "white", part.shape, 1)
        if white is None and across is not None and _trained(across * now / WHITE, card):
            white = across / WHITE
    if scale_from != "red cells" and white is not None:
        scale, scale_from = _wanted(white, card), "white cells"
    for _ in range(_CORRECTIONS):
        found = look(scale, field) if found is None else found
        width = red_width(found, field.shape)
        if width is None or _near(width * scale, card.red_width) or (again := _wanted(width, card)) == scale:
            break
        scale, scale_from, found = again, "red cells", None
    found = look(scale, field) if found is None else found
    return replace(found, red_width=red_width(found, field.shape), scale_from=scale_from)


def red_width(found: Found, shape: tuple[int, ...]) -> float | None:
    """Median width in pixels of the red cells that are whole; None for fewer than `FEWEST`.

    Args:
        found: the cells of a field.
        shape: of the field, (h, w, 3).
    """
    return _median(found, "red", shape, FEWEST)


def _median(found: Found, kind: Kind, shape: tuple[int, ...], fewest: int) -> float | None:
    """Median of the widths, the geometric mean of a box's sides, of the whole cells of a kind; None for too few."""
    boxes = found.boxes[found.kinds == KINDS.index(kind)]
    height, width = shape[:2]
    boxes = boxes[(boxes[:, :2] > 1).all(axis=1) & (boxes[:, 2] < width - 1) & (boxes[:, 3] < height - 1)]
    if len(boxes) < fewest:
        return None
    return float(np.median(np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))))


def _trained(width: float, card: DetectorCard) -> bool:
    """Whether red cells of a width, in resized pixels, are among those that the detector learnt."""
    return card.scales[0] <= width <= card.scales[1]


def _near(width: float, wanted: float) -> bool:
    return max(width / wanted, wanted / max(width, 1e-9)) <= _NEAR


def _wanted(width: float, card: DetectorCard) -> float:
    """The scale that makes red cells of a width those that the detector finds best."""
    return rounded(min(card.red_width / max(width, 1.0), _MOST))


def _middle(field: np.ndarray, scale: float) -> np.ndarray:
    """The middle of a field, as much of it as one look takes."""
    side = math.floor(SIDE / scale)
    if max(field.shape[:2]) <= side:
        return field
    top, left = (max(0, (length - side) // 2) for length in field.shape[:2])
    return field[top : top + side, left : left + side]
