"""Reading one field: find its cells, classify the white ones, say which count."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from dataclasses import field as filled
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hemascope.data.left_out import left_out
from hemascope.errors import DecodeError, HemascopeError
from hemascope.fields.cell import KINDS, Cell
from hemascope.fields.crops import cut_out, side_of
from hemascope.predict import rows
from hemascope.predict.items import Item
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block, Runnable, classify_few

if TYPE_CHECKING:
    from hemascope.fields.detector import Detector, Found

PLATELET = "platelet"
"""What the cells of that kind are called, without a classifier."""

_TOGETHER = 4  # cells of a network run: as many whatever the threads, since the last digits depend on it
_TOO_LONG = "it takes longer than it may"
_NO_MEMORY = "too large for this machine's memory"
_NEAR_EDGE = 3.0  # resized pixels from a field's edge within which a box touches it


@dataclass(frozen=True)
class FieldRead:
    """A field and its cells.

    Attributes:
        name: of the field; its path, or ``file#member``.
        width, height: in pixels; 0 where it could not be read.
        cells: all that were found: white, red, platelets, each by rows. One with an ``error`` alone where the field
            could not be read.
        red_width: pixels across its red cells; None where too few were found to tell.
        scale: that it was resized by to find them.
        scale_from: what told that: "red cells", "white cells" or "field size".
        left_out: what of its file is not read: further pages, frames, channels; "" for nothing.
        error: why it could not be read; "" where it could.
        pixels: uint8 (height, width, 3); None where it was read back, or could not be read.
        colours: float64 (m, 3), mean colours of the white cells' cut-outs, and ``probabilities`` (m, k) of them, by
            which images of another kind are told; empty where it was read back.
        probabilities: see ``colours``.
    """

    name: str
    width: int = 0
    height: int = 0
    cells: tuple[Cell, ...] = ()
    red_width: float | None = None
    scale: float = 1.0
    scale_from: str = ""
    left_out: str = ""
    error: str = ""
    pixels: np.ndarray | None = filled(default=None, compare=False, repr=False)
    colours: np.ndarray = filled(default_factory=lambda: np.zeros((0, 3)), compare=False, repr=False)
    probabilities: np.ndarray = filled(default_factory=lambda: np.zeros((0, 0)), compare=False, repr=False)

    @classmethod
    def failed(cls, name: str, why: str) -> FieldRead:
        """A field that could not be read: one cell that says so."""
        return cls(name, cells=(Cell(name, error=why),), error=why)


def read_fields(
    detector: Detector, classifier: Runnable, images: Iterable[Item], *, attributes: bool = False, threads: int = 1
) -> Generator[FieldRead]:
    """Read fields one after another, in their order; while one is searched the next is decoded.

    Args:
        detector: finds cells.
        classifier: tells white ones apart.
        images: taken lazily; two fields are in memory at the most.
        attributes: say what is seen of white cells, too.
        threads: that cells are classified by.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="hemascope") as pool:
        following = iter(images)
        waiting = _ahead(pool, following)
        while waiting is not None:
            item, decoded = waiting
            picture = decoded.result()
            name, core = item.path, getattr(item, "core", None)  # of the windows of slides
            del item  # which may hold pixels
            waiting = _ahead(pool, following)
            if isinstance(picture, str):
                yield FieldRead.failed(name, picture)
            else:
                yield read_field(detector, classifier, name, *picture, attributes=attributes, pool=pool, core=core)


def read_field(
    detector: Detector,
    classifier: Runnable,
    name: str,
    field: np.ndarray,
    more: str = "",
    *,
    attributes: bool = False,
    pool: ThreadPoolExecutor | None = None,
    until: float | None = None,
    core: tuple[int, int, int, int] | None = None,
) -> FieldRead:
    """Read one field of which the pixels are there.

    Args:
        detector, classifier, attributes: as of `read_fields`.
        name: of the field.
        field: uint8 (h, w, 3).
        more: what of its file is left out.
        pool: threads that cells are classified in; the calling one where not given.
        until: the `time.monotonic` after which it is given up; never where not given.
        core: left, top, right, bottom of the part that it answers for, where it is a window of something larger: cells
            whose centres lie elsewhere are other windows'.
    """
    height, width = field.shape[:2]
    try:
        found = detector.find(field, until=until)
    except HemascopeError as problem:
        return FieldRead.failed(name, _line(problem.problem.removeprefix(f"{detector.path}: ")))
    except MemoryError:
        return FieldRead.failed(name, _NO_MEMORY)
    if core is not None:
        found = _within(found, core)
    cells = [_cell(name, found, i, width, height) for i in range(len(found))]
    white = [i for i, cell in enumerate(cells) if cell.kind == "white"]
    sides = [side_of(cells[i].box, found.red_width, detector.card.framing) for i in white]
    crops = [  # cut out when their turn comes: all at once may be larger than the field
        Item(f"{name}#{i}", partial(cut_out, field, cells[i].box, side)) for i, side in zip(white, sides, strict=True)
    ]
    parts = [crops[at : at + _TOGETHER] for at in range(0, len(crops), _TOGETHER)]

    def judge(part: list[Item]) -> Block:
        if until is not None and time.monotonic() > until:
            raise TimeoutError
        return classify_few(classifier, part, attributes=attributes)

    try:
        blocks = list(pool.map(judge, parts) if pool and len(parts) > 1 else map(judge, parts))
    except TimeoutError:
        return FieldRead.failed(name, _TOO_LONG)
    layout = Layout.of(classifier, None, attributes)
    at = 0
    for block in blocks:
        own = white[at : at + len(block.paths)]
        for i, cell in zip(own, _judged([cells[i] for i in own], block, layout), strict=True):
            cells[i] = cell
        at += len(own)
    return FieldRead(
        name,
        width,
        height,
        tuple(cells),
        None if found.red_width is None else round(found.red_width, 2),
        found.scale,
        found.scale_from,
        more,
        colours=np.concatenate([np.zeros((0, 3)), *(block.colours for block in blocks if block.colours is not None)]),
        probabilities=np.concatenate(
            [np.zeros((0, len(classifier.classes))), *(block.probabilities for block in blocks)]
        ),
        pixels=field,
    )


def _within(found: Found, core: tuple[int, int, int, int]) -> Found:
    """The cells whose centres lie in a part of the field."""
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    own = ((centres >= core[:2]) & (centres < core[2:])).all(axis=1)
    return replace(found, boxes=found.boxes[own], kinds=found.kinds[own], scores=found.scores[own])


def _cell(name: str, found: Found, number: int, width: int, height: int) -> Cell:
    """A found cell, not yet classified; platelets are what they are."""
    xmin, ymin, xmax, ymax = map(rows.number, found.boxes[number])
    near = _NEAR_EDGE / found.scale
    beyond = xmax >= width - near or ymax >= height - near
    kind = KINDS[found.kinds[number]]
    return Cell(
        name,
        (xmin, ymin, xmax, ymax),
        kind,
        round(float(found.scores[number]), 4),
        border=beyond or xmin <= near or ymin <= near,
        counted=not beyond,
        label=PLATELET if kind == PLATELET else None,
    )


def _judged(cells: Sequence[Cell], block: Block, layout: Layout) -> Iterator[Cell]:
    """Cells with what the classifier says of each."""
    labels, flags = rows.labels(block, layout.classes), rows.flags(block, layout)
    words = rows.appearances(block, layout)
    for i, (cell, error) in enumerate(zip(cells, block.errors, strict=True)):
        if error:
            yield replace(cell, error=error)
            continue
        values = tuple(map(rows.number, block.probabilities[i]))
        yield replace(
            cell,
            label=labels[i],
            confidence=max(values),
            probabilities=values,
            unknown=None if block.unknown is None else rows.number(block.unknown[i]),
            is_unknown=bool(flags[i]),
            appearance=words[i],
            attributes=tuple(block.said_or_none[i] or ()),
        )


def _ahead(
    pool: ThreadPoolExecutor, images: Iterator[Item]
) -> tuple[Item, Future[tuple[np.ndarray, str] | str]] | None:
    """Have the next field decoded; None where there is none."""
    item = next(images, None)
    return None if item is None else (item, pool.submit(_decoded, item))


def _decoded(item: Item) -> tuple[np.ndarray, str] | str:
    """A field's pixels and what is left out of its file; or why it cannot be read."""
    try:
        with left_out() as found:
            picture = item.pixels()
    except DecodeError as problem:
        told = str(problem).removeprefix(f"{item.path}: ")
        return _line(told.removeprefix(f"{item.path.rpartition('#')[0]}: "))  # a window's error names its slide
    except MemoryError:
        return _NO_MEMORY
    return picture, found[0] if found else ""


def _line(text: str) -> str:
    """A reason on one line."""
    return " ".join(text.split()) or "unreadable"
