"""The differential count: the shares of the classes with intervals, and how many cells more they want."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.cells import Counted, counted, title
from hemascope.data.delimited import write_delimited
from hemascope.errors import HemascopeError
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.differential.confusion import Confusion
from hemascope.predict.differential.shares import Shares, estimate
from hemascope.shown import NOTHING, paragraphs, table

FILE = "differential.csv"
"""Name of the table, beside that of the cells."""

COLUMNS = ("class", "unit", "cells", "plain", "value", "value_low", "value_high", "more", "interval")

_UNITS: dict[Counted, str] = {"differential": "%", "per_hundred": "per 100 leucocytes", "apart": "cells"}
_NO_END = 1e9  # cells of another count, of which chance is no more seen


@dataclass(frozen=True)
class Line:
    """A class in a differential count.

    Attributes:
        name: of the class.
        counted: how: "differential" is in per cent of the leucocytes, "per_hundred" so many per 100 of them, "apart"
            the cells alone, without a value.
        cells: how many were called so.
        plain: the value by those counts; None where there is none.
        value: the same, corrected by what the model confuses where that is known.
        low, high: ends of its 95% interval; None where ``value`` is.
        more: cells more, of all kinds, until the interval is as narrow as wanted; infinite where no number would do;
            None where nothing is wanted of it.
    """

    name: str
    counted: Counted
    cells: int
    plain: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    more: float | None = None


@dataclass(frozen=True)
class Differential:
    """A differential count; a notebook shows it as a table.

    Attributes:
        lines: the classes, in the model's order.
        leucocytes: cells that were called one.
        unknown: cells that were flagged as none of the classes; they are in no line.
        failed: images that could not be read.
        corrected: whether the values are corrected by what the model confuses, and the intervals hold its errors.
        measured: on which cells its confusions were counted, in words.
        precision: percentage points that the shares are wanted to within; None where nothing is wanted.
        warning: that the images are unlike those of the calibration; "" where they are not.
    """

    lines: tuple[Line, ...]
    leucocytes: int
    unknown: int
    failed: int
    corrected: bool
    measured: str
    precision: float | None = None
    warning: str = ""

    @property
    def heading(self) -> str:
        """How many cells were counted."""
        whole = "leucocytes" if any(line.counted != "differential" for line in self.lines) else "cells"
        return f"Differential of {self.leucocytes:,} {whole}"

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The table in texts: class, cells, share as called where it is corrected, share, 95% interval, cells more."""
        rows = []
        for line in self.lines:
            called = (_told(line, line.plain),) if self.corrected else ()
            rows.append((title(line.name), f"{line.cells:,}", *called, _told(line, line.value), _range(line)))
        if self.precision is not None:
            rows = [(*row, _more(line.more)) for row, line in zip(rows, self.lines, strict=True)]
        blank = ("",) * (len(self.headings) - 2)
        others = (("Unknown, in no class", self.unknown), ("Failed", self.failed))
        return [*rows, *((name, f"{cells:,}", *blank) for name, cells in others if cells)]

    @property
    def headings(self) -> tuple[str, ...]:
        """Of the columns of `rows`."""
        shares = ("as called", "corrected") if self.corrected else ("as called",)
        more = () if self.precision is None else ("more cells",)
        return ("class", "cells", *shares, "95% interval", *more)

    @property
    def notes(self) -> list[str]:
        """What to know of the numbers, in sentences."""
        notes = [self.warning] if self.warning else []
        if self.corrected:
            notes.append(
                "Corrected by what the model confuses; the intervals hold the chance of these cells and the model's "
                f"errors, counted on {self.measured}. Another stain or camera makes other errors."
            )
        else:
            notes.append(
                "As called: what this model file confuses is not measured. The intervals hold the chance of these "
                "cells alone and miss the model's errors."
            )
        if self.precision is not None:
            notes.append(self._wanted(self.precision))
        return notes

    def _wanted(self, precision: float) -> str:
        """What a wanted precision takes, in a sentence."""
        wanted = {line.name: line.more for line in self.lines if line.more is not None}
        never = [title(name).lower() for name, more in wanted.items() if math.isinf(more)]
        most = max((more for more in wanted.values() if math.isfinite(more)), default=0.0)
        within = f"within {precision:g} percentage points"
        if never:
            return (
                f"No number of cells brings {', '.join(never)} {within}: the model's errors alone reach further. Label "
                "cells of this laboratory: hemascope adapt --labelled."
            )
        if most:
            return f"Some {most:,.0f} cells more, of these kinds, bring every share {within}."
        return f"Every share is {within}." if wanted else "There is no share yet."

    def records(self) -> list[dict[str, Any]]:
        """The rows of `write`: column -> value, None where there is none."""
        reach = "chance and the model's errors" if self.corrected else "chance alone"
        found: list[tuple[Any, ...]] = [
            (
                *(line.name, _UNITS[line.counted], line.cells, line.plain, line.value, line.low, line.high, line.more),
                reach if line.value is not None else None,
            )
            for line in self.lines
        ]
        blank = [None] * (len(COLUMNS) - 3)
        found += [
            (name, "cells", cells, *blank) for name, cells in (("unknown", self.unknown), ("failed", self.failed))
        ]
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]

    def write(self, path: Path) -> None:
        """Write the table as CSV, whole or not at all.

        Raises:
            WriteError: it cannot be written.
        """
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            write_delimited(file, [COLUMNS, *([*map(_cell, row.values())] for row in self.records())])

    def _repr_html_(self) -> str:
        return table(self.headings, self.rows, self.heading) + paragraphs(self.notes)


def differential(
    called: Mapping[str, int],
    card: ModelCard,
    *,
    unknown: int = 0,
    failed: int = 0,
    precision: float | None = None,
    warning: str = "",
) -> Differential:
    """The differential count of cells that a model has called, corrected by what it confuses.

    Leucocytes are given in per cent, erythroblasts per 100 leucocytes, and platelets apart (CLSI H20-A2), after label
    shift by expectation maximisation (Saerens et al. 2002; Lipton et al. 2018), see
    `hemascope.predict.differential.shares`. Cells that are flagged as unknown are put into no class.

    Args:
        called: class -> cells that were called so and not flagged; classes that are missing have none.
        card: the model's.
        unknown: cells that were flagged.
        failed: images that could not be read.
        precision: percentage points that the shares are wanted to within, as 2.
        warning: that the images are unlike those of the calibration.

    Raises:
        HemascopeError: a precision that is no number above 0.
        ModelFileError: the card's confusion does not fit its classes.

    >>> card = ModelCard("m", ("lymphocyte", "neutrophil"), 96, confusion={"counts": [[900, 100], [0, 1000]]})
    >>> found = differential({"lymphocyte": 45, "neutrophil": 55}, card)
    >>> [(line.name, round(line.plain), round(line.value, 1)) for line in found.lines]
    [('lymphocyte', 45, 50.0), ('neutrophil', 55, 50.0)]
    """
    check_precision(precision)
    confusion = Confusion.of_card(card)
    cells = np.array([called.get(name, 0) for name in card.classes], float)
    kinds = [counted(name) for name in card.classes]
    within = np.array([kind == "differential" for kind in kinds])
    lines = [Line(name, kind, int(n)) for name, kind, n in zip(card.classes, kinds, cells, strict=True)]
    if cells.any():
        shares, plain = estimate(cells, confusion), cells / max(1.0, cells[within].sum())
        ever = estimate(cells * (_NO_END / cells.sum()), confusion) if precision is not None else None
        for number, line in enumerate(lines):
            own = np.arange(len(cells)) == number
            if line.counted == "apart" or (part := shares.part(own, within)) is None:
                continue
            value, low, high = (100 * one for one in part)
            more = None
            if ever is not None and line.counted == "differential":
                more = _wanted_more(shares, ever, own, within, float(precision or 0) / 100)
            lines[number] = replace(
                line,
                plain=100 * float(plain[number]) if cells[within].any() else None,
                value=value,
                low=low,
                high=high,
                more=more,
            )
    measured = "" if confusion is None else f"{confusion.cells:,} {confusion.method or 'labelled cells'}"
    return Differential(
        tuple(lines), int(cells[within].sum()), unknown, failed, confusion is not None, measured, precision, warning
    )


def check_precision(precision: float | None) -> None:
    """Make sure that a wanted precision is one.

    Raises:
        HemascopeError: it is not above 0.
    """
    if precision is not None and not 0 < precision < math.inf:
        raise HemascopeError(f"a precision of {precision:g} percentage points cannot be had", "Give one such as 2.")


class Tally:
    """Counts rows of predictions for a differential.

    >>> tally = Tally()
    >>> tally.add(["monocyte", None, "monocyte"], [False, False, True])
    >>> tally.called, tally.unknown, tally.failed
    ({'monocyte': 1}, 1, 1)
    """

    def __init__(self) -> None:
        self.called: dict[str, int] = {}
        self.unknown = self.failed = 0

    def add(self, labels: Iterable[str | None], flags: Iterable[bool]) -> None:
        """Take some rows: the labels, None where an image failed, and whether it is flagged as unknown."""
        for label, flag in zip(labels, flags, strict=True):
            if label is None:
                self.failed += 1
            elif flag:
                self.unknown += 1
            else:
                self.called[label] = self.called.get(label, 0) + 1

    def differential(self, card: ModelCard, precision: float | None = None, warning: str = "") -> Differential:
        """The count so far, see `differential`."""
        return differential(
            self.called, card, unknown=self.unknown, failed=self.failed, precision=precision, warning=warning
        )


def _wanted_more(shares: Shares, ever: Shares, own: np.ndarray, within: np.ndarray, reach: float) -> float:
    """Cells more until half an interval is ``reach``: chance falls with their number, the model's errors do not."""
    (_, low, high), end = shares.part(own, within) or (0.0, 0.0, 0.0), ever.part(own, within)
    half, floor = (high - low) / 2, 0.0 if end is None else (end[2] - end[1]) / 2
    if half <= reach:
        return 0.0
    if floor >= reach:
        return math.inf
    chance = max(half**2 - floor**2, 0.0)
    more = shares.cells * (chance / (reach**2 - floor**2) - 1)
    step = 10 ** max(0, math.floor(math.log10(max(more, 1))) - 1)
    return math.ceil(more / step) * step  # two digits: it is an estimate


def _told(line: Line, value: float | None) -> str:
    if value is None:
        return NOTHING if line.counted != "apart" else ""
    return f"{value:.1f}" + ("%" if line.counted == "differential" else " per 100")


def _range(line: Line) -> str:
    if line.low is None or line.high is None:
        return ""
    return f"{line.low:.1f}–{line.high:.1f}"  # noqa: RUF001


def _more(more: float | None) -> str:
    if more is None:
        return ""
    return "never" if math.isinf(more) else f"{more:,.0f}"


def _cell(value: object) -> object:
    """As it stands in CSV."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
