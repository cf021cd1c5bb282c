"""What the cells of all fields add up to: how many of each kind, and the leucocytes for the differential."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from hemascope.data.delimited import write_delimited
from hemascope.errors import SourceError
from hemascope.fields.cell import KINDS
from hemascope.fields.read import PLATELET, FieldRead
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.differential.differential import Differential, Tally
from hemascope.predict.rows import printable
from hemascope.shown import NOTHING

FIELDS_FILE = "fields.csv"
"""Name of the table of fields."""

COLUMNS = ("field", "width", "height", "red_width", "scale", "scale_from", *KINDS, "left_out", "error")
"""Its columns; those of the kinds are how many are counted."""

_TITLES = {"white": "White cells", "red": "Red cells", "platelet": "Platelets"}


class Totals:
    """Adds up fields as they are read. Cells that are cut at the right or below are left out.

    Attributes:
        fields: how many there were.
        failed: how many of them could not be read.
        kinds: kind -> counted cells.
    """

    def __init__(self) -> None:
        self.fields = self.failed = 0
        self.kinds: Counter[str] = Counter()
        self._tally = Tally()
        self._called_platelet = 0

    def add(self, read: FieldRead) -> None:
        """Take a field."""
        self.fields += 1
        self.failed += bool(read.error)
        counted = [cell for cell in read.cells if cell.kind and cell.counted]
        self.kinds.update(cell.kind for cell in counted)
        white = [cell for cell in counted if cell.kind == "white"]
        self._tally.add([cell.label for cell in white], [cell.is_unknown for cell in white])
        self._called_platelet += sum(cell.label == PLATELET and not cell.is_unknown for cell in white)

    @property
    def read(self) -> int:
        """Fields that could be read."""
        return self.fields - self.failed

    @property
    def platelets_per_red(self) -> float | None:
        """Platelets a red cell; None without red cells."""
        return self.kinds["platelet"] / self.kinds["red"] if self.kinds["red"] else None

    def per_field(self, kind: str) -> float | None:
        """Counted cells of a kind a field; None where none could be read."""
        return self.kinds[kind] / self.read if self.read else None

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """In texts: kind, counted cells, cells a field; then platelets per 1,000 red cells."""
        found = [(_TITLES[kind], f"{self.kinds[kind]:,}", _told(self.per_field(kind))) for kind in KINDS]
        per_red = self.platelets_per_red
        return [*found, ("Platelets per 1,000 red cells", "" if per_red is None else _told(1000 * per_red), "")]

    def differential(self, card: ModelCard, precision: float | None = None, warning: str = "") -> Differential:
        """The differential of the counted white cells.

        Platelets are those that the detector found, and what it took for a white cell and the classifier calls one.

        Args:
            card: the classifier's.
            precision: percentage points that the shares are wanted to within.
            warning: that the cells are unlike those of the classifier's calibration.
        """
        found = self._tally.differential(card, precision, warning)
        platelets = self.kinds["platelet"] + self._called_platelet
        lines = tuple(replace(line, cells=platelets) if line.name == PLATELET else line for line in found.lines)
        return replace(found, lines=lines)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        tally = self._tally
        return {
            "fields": self.fields,
            "failed": self.failed,
            "kinds": {kind: self.kinds[kind] for kind in KINDS},
            "called": tally.called,
            "unknown": tally.unknown,
            "not_classified": tally.failed,
        }

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> Totals:
        """What `as_dict` gave."""
        totals = cls()
        totals.fields, totals.failed = values["fields"], values["failed"]
        totals.kinds.update(values["kinds"])
        totals._tally.called = dict(values["called"])
        totals._tally.unknown, totals._tally.failed = values["unknown"], values["not_classified"]
        totals._called_platelet = values["called"].get(PLATELET, 0)
        return totals


def write_fields(path: Path, reads: Iterable[FieldRead]) -> None:
    """Write the table of fields as CSV, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """

    def lines() -> Iterator[list[object]]:
        yield list(COLUMNS)
        for read in reads:
            name = printable(read.name)
            if read.error:
                yield [name, *[None] * (len(COLUMNS) - 2), read.error]
                continue
            kinds = Counter(cell.kind for cell in read.cells if cell.counted)
            about = [read.width, read.height, read.red_width, read.scale, read.scale_from]
            yield [name, *about, *(kinds[kind] for kind in KINDS), read.left_out or None, None]

    with atomic(path, then="Then go on with --resume.") as temporary, _text(temporary) as file:
        write_delimited(file, lines())


def _text(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="")


def field_names(path: Path) -> Iterator[str]:
    """The fields of a table that `write_fields` wrote, in order.

    Raises:
        SourceError: not such a table.
    """
    import csv

    from hemascope.data.delimited import fused

    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            if next(reader, None) != list(COLUMNS):
                raise ValueError("other columns")
            for row in reader:
                yield fused(row[0])
    except (OSError, ValueError, IndexError) as problem:
        raise SourceError(f"{path}: not a table of fields", "Start anew: --overwrite.") from problem


def _told(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
