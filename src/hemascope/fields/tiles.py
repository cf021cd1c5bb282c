"""Fields larger than a detector takes at once: overlapping tiles, each of which answers for its core.

A cell belongs to the tile in whose core its centre lies. Tiles reach so far beyond their cores that a cell's answer is
that of the whole field, and begin where the detector's grid does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

SIDE = 1280
"""Most resized pixels along a side of a tile."""

_NEAR = 4  # resized pixels from a core's border within which two tiles may disagree on whose a cell is
_SAME = 0.7  # intersection over union from which two boxes of a kind from two tiles are one cell


class Span(NamedTuple):
    """Of a tile along one axis, in pixels of the field: all of it, and its core."""

    start: int
    end: int
    core_start: int
    core_end: int


class Tile(NamedTuple):
    """A tile, down and across."""

    down: Span
    across: Span


def rounded(scale: float) -> float:
    """The nearest scale that tiles can have: sixteenths, below a half of sixty-fourths.

    >>> rounded(0.7), rounded(0.2)
    (0.6875, 0.203125)
    """
    parts = 16 if scale >= 0.5 else 64
    return max(1, round(scale * parts)) / parts


def tiles(height: int, width: int, scale: float, reach: int, stride: int, side: int = SIDE) -> list[Tile]:
    """The tiles of a field, by rows; one where it fits.

    Args:
        height, width: of the field in pixels.
        scale: resized pixels a pixel of the field, from `rounded`.
        reach, stride: of the detector, see `hemascope.fields.card.DetectorCard`.
        side: most resized pixels along a side, where more than a cell's reach allows.

    >>> [tile.across[:2] for tile in tiles(100, 3000, 1.0, 100, 16)]
    [(0, 1280), (1072, 2352), (2144, 3000)]
    """
    down, across = (_spans(length, scale, reach, stride, side) for length in (height, width))
    return [Tile(one, other) for one in down for other in across]


def _spans(length: int, scale: float, reach: int, stride: int, side: int) -> list[Span]:
    if length * scale <= side:
        return [Span(0, length, 0, length)]
    exact = Fraction(scale)
    step = stride * exact.denominator // math.gcd(exact.numerator, stride)  # the grid in pixels of the field
    beyond = math.ceil((reach + _NEAR) / scale)
    longest = max(int(side / scale / step), -(-2 * beyond // step) + 1) * step
    apart = (longest - 2 * beyond) // step * step
    spans, core = list[Span](), 0
    for start in range(0, length, apart):
        end = start + longest
        if end >= length:
            break
        spans.append(Span(start, end, core, start + apart + beyond))
        core = start + apart + beyond
    return [*spans, Span(start, length, core, length)]


def join(
    parts: Sequence[tuple[Tile, np.ndarray, np.ndarray]], height: int, width: int, scale: float
) -> list[np.ndarray]:
    """Which cells of each tile are the field's.

    A cell whose centre lies next to a core's border is taken from the tile that owns it; where rounding lets both or
    neither own it, once nevertheless.

    Args:
        parts: of each tile: itself, boxes float (n, 4) in pixels of the field, kinds int (n,).
        height, width, scale: as of `tiles`.

    Returns:
        Of each tile the numbers of its cells that are taken, int.
    """
    near = _NEAR / scale
    taken: list[list[int]] = [[] for _ in parts]
    doubtful: list[tuple[bool, int, int]] = []  # not in the core, tile, cell
    for number, (tile, boxes, _) in enumerate(parts):
        within = np.full(len(boxes), np.inf)  # how deep in the core
        for (_, _, start, end), centres, whole in (
            (tile.down, (boxes[:, 1] + boxes[:, 3]) / 2, height),
            (tile.across, (boxes[:, 0] + boxes[:, 2]) / 2, width),
        ):
            within = np.minimum(within, centres - start if start > 0 else np.inf)
            within = np.minimum(within, end - centres if end < whole else np.inf)
        taken[number] += np.flatnonzero(within > near).tolist()
        doubtful += [(bool(within[i] <= 0), number, int(i)) for i in np.flatnonzero(np.abs(within) <= near)]
    kept: list[tuple[int, int]] = []
    for _, number, cell in sorted(doubtful):
        box, kind = parts[number][1][cell], parts[number][2][cell]
        others = ((parts[n][1][i], parts[n][2][i]) for n, i in kept if n != number)
        if not any(other == kind and _overlap(box, there) >= _SAME for there, other in others):
            kept.append((number, cell))
            taken[number].append(cell)
    return [np.array(sorted(cells), np.int64) for cells in taken]


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return shared / max(areas - shared, 1e-9)
