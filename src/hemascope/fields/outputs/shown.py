"""What the page of a count shows: counts, the doubtful white cells, and fields; in few pictures, however many fields.

The doubtful come first: of cells and of fields only those stay on disk that are more doubtful than the others so far.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from hemascope.cells import title
from hemascope.fields.cell import Cell
from hemascope.fields.outputs.categories import Categories
from hemascope.fields.outputs.crops import side_of
from hemascope.fields.outputs.kept import Field, KeptFields
from hemascope.fields.outputs.pixels import Pixels, save_jpeg, shrunk, square
from hemascope.shown import percent

SURE = 0.8
"""Probability of its class below which a white cell is doubtful."""

FOUND = 0.5
"""Score of the detector below which a white cell is doubtful."""

MOST_FIELDS, MOST_CELLS, MOST_ERRORS = 60, 96, 200
"""Of fields, of doubtful cells and of errors that are shown; the others are counted."""

FIELD_SIDE, CELL_SIDE = 1000, 144
"""Longest sides of their pictures in pixels."""


def doubt(cell: Cell) -> float:
    """How doubtful a white cell that is counted is: 0 where it is not, at most 1 for its class and score, 2 if unknown.

    >>> doubt(Cell("a.png", kind="white", score=0.9, counted=True, label="monocyte", confidence=0.4))
    0.5
    """
    if cell.kind != "white" or not cell.counted:
        return 0.0
    if cell.is_unknown:
        return 2.0 + (cell.unknown or 0.0)
    if cell.error or cell.confidence is None:
        return 2.0
    return max(0.0, 1 - cell.confidence / SURE, 1 - cell.score / FOUND)


def why(cell: Cell, classes: Sequence[str]) -> str:
    """Why a cell is doubtful, in a few words; "" where it is not.

    >>> why(Cell("a.png", kind="white", score=0.3, counted=True, label="b", confidence=0.6,
    ...          probabilities=(0.3, 0.6)), ("a", "b"))
    'or A, 30.0%; hardly seen as a cell (0.30)'
    """
    reasons = []
    if cell.is_unknown:
        reasons.append("unlike the cells of all classes")
    elif cell.error:
        reasons.append(cell.error)
    elif cell.confidence is None:
        reasons.append("not classified")
    elif cell.confidence < SURE:
        others = sorted(zip(cell.probabilities, classes, strict=False), reverse=True)
        second = next(((share, name) for share, name in others if name != cell.label), None)
        reasons.append(f"or {title(second[1])}, {percent(second[0])}" if second else "unsure of the class")
    if cell.kind == "white" and cell.score < FOUND:
        reasons.append(f"hardly seen as a cell ({cell.score:.2f})")
    return "; ".join(reasons)


class ShownCell(NamedTuple):
    """A doubtful cell: its field, the number of the field, its own in it from 1, and a picture; see `ShownField`."""

    field: str
    order: int
    number: int
    cell: Cell
    picture: Path


class ShownField(NamedTuple):
    """A field with its number in the count from 0, and a JPEG of it, which a crash of the disk may have taken."""

    order: int
    field: Field
    picture: Path


@dataclass(frozen=True)
class Shown:
    """What the page shows.

    Attributes:
        classes: the model's, in its order.
        read: fields that could be read.
        counts: counted cells by category, of `hemascope.fields.outputs.categories`.
        kinds: counted cells by kind.
        left_out: cells by kind that are not counted.
        failed: names of fields that could not be read, and why; at most `MOST_ERRORS`.
        failures: how many they are.
        not_classified: counted white cells that could not be classified.
        doubtful: the most doubtful white cells first.
        doubts: how many are doubtful.
        kept: all fields.
        pictures: of the fields that are shown, by name.
    """

    classes: tuple[str, ...]
    read: int
    counts: dict[str, int]
    kinds: dict[str, int]
    left_out: dict[str, int]
    failed: tuple[tuple[str, str], ...]
    failures: int
    not_classified: int
    doubtful: tuple[ShownCell, ...]
    doubts: int
    kept: KeptFields
    pictures: dict[str, Path]

    def fields(self) -> Iterator[ShownField]:
        """The fields that are shown, in the order of the count; the cells of one at a time are in memory."""
        for name in sorted(self.pictures, key=self.kept.order):
            yield ShownField(self.kept.order(name), self.kept[name], self.pictures[name])


class _Best:
    """The highest of what it is offered, at most so many, each with a file that goes when it falls out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[tuple[float, ...], Path, object]] = []

    def forget(self, paths: str) -> None:
        """Let go of all whose file's name begins so, for the same to come anew."""
        self._heap = [one for one in self._heap if not one[1].name.startswith(paths)]
        heapq.heapify(self._heap)

    def offer(self, rank: tuple[float, ...], path: Path, thing: object, draw: Callable[[], Image.Image] | None) -> None:
        """Take it if it is among the highest; ``rank`` tells all things apart. Without ``draw`` it has its file."""
        if len(self._heap) == self._most and rank < self._heap[0][0]:
            return
        if draw is not None:
            save_jpeg(draw(), path, 82)
        heapq.heappush(self._heap, (rank, path, thing))
        if len(self._heap) > self._most:
            heapq.heappop(self._heap)[1].unlink(missing_ok=True)

    def __iter__(self) -> Iterator[tuple[Path, object]]:
        return iter((path, thing) for _, path, thing in sorted(self._heap, key=lambda one: one[0], reverse=True))


class Gallery:
    """Keeps the pictures that the page will show, as field after field comes.

    Args:
        folder: for them.
        kept: the fields so far, which have their pictures already.
    """

    def __init__(self, folder: Path, kept: KeptFields) -> None:
        self._folder, self._kept = folder, kept
        self._fields, self._cells = _Best(MOST_FIELDS), _Best(MOST_CELLS)
        for field in kept:
            self._take(field, None)

    def add(self, field: Field, pixels: Pixels) -> None:
        """Look at a field before it is kept.

        Raises:
            WriteError: a picture cannot be written.
        """
        self._take(field, pixels)

    def _take(self, field: Field, pixels: Pixels | None) -> None:
        order, most, white = self._kept.order(field.name), 0.0, False
        self._cells.forget(f"cell-{order:06d}-")
        self._fields.forget(f"field-{order:06d}.")
        if field.error:
            return
        for number, cell in enumerate(field.cells, 1):
            white |= cell.kind == "white"
            if level := doubt(cell):
                most = max(most, level)
                path = self._folder / f"cell-{order:06d}-{number:06d}.jpg"
                draw = None if pixels is None else _cell_picture(pixels, cell)
                self._cells.offer(
                    (level, -order, -number), path, ShownCell(field.name, order, number, cell, path), draw
                )
        path = self._folder / f"field-{order:06d}.jpg"
        draw = None if pixels is None else lambda: shrunk(pixels, FIELD_SIDE)[0]
        self._fields.offer((most, white, -order), path, field.name, draw)

    def shown(self, classes: Sequence[str]) -> Shown:
        """What there is to show, by one way through the fields."""
        categories = Categories.of(classes)
        counts, kinds, left_out = Counter[str](), Counter[str](), Counter[str]()
        failed: list[tuple[str, str]] = []
        read = failures = doubts = lost = 0
        for field in self._kept:
            if field.error:
                failures += 1
                failed += [(field.name, field.error)] if failures <= MOST_ERRORS else []
                continue
            read += 1
            for cell in field.cells:
                if not cell.counted:
                    left_out[cell.kind] += 1
                    continue
                counts[categories.called(cell).name] += 1
                kinds[cell.kind] += 1
                doubts += doubt(cell) > 0
                lost += cell.kind == "white" and bool(cell.error)
        cells = tuple(thing for _, thing in self._cells if isinstance(thing, ShownCell))
        return Shown(
            tuple(classes),
            read,
            dict(counts),
            dict(kinds),
            dict(left_out),
            tuple(failed),
            failures,
            lost,
            cells,
            doubts,
            self._kept,
            {str(name): path for path, name in self._fields},
        )


def _cell_picture(pixels: Pixels, cell: Cell) -> Callable[[], Image.Image]:
    def draw() -> Image.Image:
        found = Image.fromarray(square(pixels, cell.centre, math.ceil(side_of(cell))))
        return found.resize((CELL_SIDE, CELL_SIDE), Image.Resampling.LANCZOS)

    return draw
