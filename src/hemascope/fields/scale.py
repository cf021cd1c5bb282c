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
from hemascope.fields.cell import KINDS
from hemascope.fields.tiles import rounded

if TYPE_CHECKING:
    from hemascope.fields.detector import Found

WHITE = 1.6
"""Width of a white cell in those of a red one."""

FEWEST = 5
"""Red cells whose median tells their width."""

_SIDES = (320, 640, 160, 1280, 2560)  # resized pixels along a field's longer side at the looks, until one is clear
_PART = 640  # resized pixels along a side of the field's middle that a look sees
_CLEAR = 0.08  # share of a look's area in cells, times their scores, from which it is no chance
_WITHIN = 1.1  # inside the trained widths by this factor: at their ends cells are taken for nearer ones
_NEAR = 1.25  # times too wide or too narrow in the whole field: it is searched again
_NO_WORSE = 0.8  # times the cells of the search before
_MOST = 4.0  # a field is enlarged no further: red cells of 10 pixels

Look = Callable[[float, np.ndarray], "Found"]


def choose(look: Look, field: np.ndarray, card: DetectorCard) -> Found:
    """The cells of a field, found at the scale that its red cells tell.

    Looks at a few scales, coarse ones first, find red cells of some width, until they are of a width that the detector
    learnt and fill the field as cells do; without such a look the one with the most cells tells. At a wrong scale it
    finds next to nothing, or grains and clumps, which fill little. Where there are fewer than `FEWEST` red cells the
    white ones tell the scale, and without them the field's size does.

    Args:
        look: finds the cells of a field, or of a part of it, at a scale.
        field: uint8 (h, w, 3).
        card: the detector's.
    """
    best = {"red": (0.0, 0.0), "white": (0.0, 0.0)}  # how full the look was, and the width of a red cell it tells
    low, high = card.scales[0] * _WITHIN, card.scales[1] / _WITHIN
    for side in _SIDES:
        scale = min(rounded(side / max(field.shape[:2])), _MOST)
        part = _middle(field, scale)
        seen = look(scale, part)
        filled, red, white = _filled(seen, part.shape), red_width(seen, part.shape), _white_width(seen, part.shape)
        for kind, width in (("red", red), ("white", white)):
            if width is not None and filled > best[kind][0]:
                best[kind] = filled, width
        if red is not None and low <= red * scale <= high and filled >= _CLEAR:
            best["red"] = filled, red
            break
    scale, scale_from = rounded(_SIDES[1] / max(field.shape[:2])), "field size"
    for kind, (filled, width) in best.items():
        if filled:
            scale, scale_from = _wanted(width, card), f"{kind} cells"
            break
    found = look(min(scale, _MOST), field)
    width = red_width(found, field.shape)
    if width is not None and max(width * found.scale / card.red_width, card.red_width / (width * found.scale)) > _NEAR:
        again = look(_wanted(width, card), field)
        if _filled(again, field.shape) >= _NO_WORSE * _filled(found, field.shape):
            found, scale_from = again, "red cells"
    return replace(found, red_width=red_width(found, field.shape), scale_from=scale_from)


def red_width(found: Found, shape: tuple[int, ...]) -> float | None:
    """Median width in pixels of the red cells; None for fewer than `FEWEST`.

    A cell's width is the geometric mean of its box's sides; of one that the field's edge cuts, the longer side.

    Args:
        found: the cells of a field.
        shape: of the field, (h, w, 3).
    """
    boxes = found.boxes[found.kinds == KINDS.index("red")]
    return None if len(boxes) < FEWEST else float(np.median(_widths(boxes, shape)))


def _white_width(found: Found, shape: tuple[int, ...]) -> float | None:
    """The width of a red cell that the white ones tell; None without any."""
    boxes = found.boxes[found.kinds == KINDS.index("white")]
    return float(np.median(_widths(boxes, shape))) / WHITE if len(boxes) else None


def _widths(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    sides = boxes[:, 2:] - boxes[:, :2]
    cut = (boxes[:, :2] <= 1).any(axis=1) | (boxes[:, 2] >= shape[1] - 1) | (boxes[:, 3] >= shape[0] - 1)
    return np.where(cut, sides.max(axis=1), np.sqrt(sides.prod(axis=1)))


def _filled(found: Found, shape: tuple[int, ...]) -> float:
    """Share of a field's area in its red and white cells, each times its score."""
    sides = (found.boxes[:, 2:] - found.boxes[:, :2])[found.kinds != KINDS.index("platelet")]
    scores = found.scores[found.kinds != KINDS.index("platelet")]
    return float((sides.prod(axis=1) * scores).sum() / (shape[0] * shape[1]))


def _wanted(width: float, card: DetectorCard) -> float:
    """The scale that makes red cells of a width those that the detector finds best."""
    return rounded(min(card.red_width / max(width, 1.0), _MOST))


def _middle(field: np.ndarray, scale: float) -> np.ndarray:
    """The middle of a field, as much of it as one look takes."""
    side = math.ceil(_PART / scale)
    top, left = (max(0, (length - side) // 2) for length in field.shape[:2])
    return field[top : top + side, left : left + side]
