"""What `hemascope count` shows: the cells as CSV into a pipe; on a terminal the counts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.cli._running import go_on
from hemascope.data import left_out
from hemascope.data.delimited import write_delimited
from hemascope.fields.table import Columns, as_text
from hemascope.predict.rows import printable

if TYPE_CHECKING:
    from hemascope.fields.read import FieldRead
    from hemascope.fields.run import Outcome

FAILURES = 10
"""Failed fields named in the summary."""


class Show:
    """Takes the fields as they come; rich is imported at the end only."""

    def __init__(self, output: Path | None) -> None:
        self._output = output
        self._columns = Columns(())
        self._left_out: dict[str, str] = {}
        self._failures: list[tuple[str, str]] = []
        self._scales: dict[str, int] = {}
        self._file = sys.stdout  # what a cluster prints does not come between
        self._as_csv = output is None and not sys.stdout.isatty()

    def begin(self, columns: Columns, before: int) -> None:
        """Begin the table."""
        self._columns = columns
        if self._as_csv:
            self._file.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
            write_delimited(self._file, [columns.names])

    def add(self, read: "FieldRead") -> None:
        """Take a field."""
        if self._as_csv:
            write_delimited(self._file, as_text(read.cells, self._columns))
            self._file.flush()
        if read.left_out:
            self._left_out[printable(read.name)] = read.left_out
        if read.error:
            if len(self._failures) < FAILURES:
                self._failures.append((printable(read.name), read.error))
        else:
            self._scales[read.scale_from] = self._scales.get(read.scale_from, 0) + 1

    def end(self, outcome: "Outcome") -> None:
        """Say how it went: the counts and the differential, what failed, and where all of it is."""
        from hemascope.cli import _count_draw

        totals = outcome.totals
        if totals.read:
            _count_draw.kinds(totals, stderr=self._as_csv)
        if outcome.differential:
            from hemascope.cli import _predict_draw

            _predict_draw.differential(outcome.differential, stderr=self._as_csv)
        lines = []
        if doubtful := totals.read and sum(n for how, n in self._scales.items() if how != "red cells"):
            lines.append(f"{_fields(doubtful)} with too few red cells to tell the scale: column scale_from")
        if self._left_out:
            lines.append(left_out.line(self._left_out))
        if totals.failed:
            lines.append(f"{totals.failed:,} of {_fields(totals.fields)} failed:")
            lines += [f"  {name}: {error}" for name, error in self._failures]
            if totals.failed > len(self._failures):
                lines.append("  … the others are in the table, column error")
        if not outcome.complete:
            where = f"; they are kept in {self._output}" if self._output else ""
            lines.append(f"Stopped after {_fields(totals.fields)}{where}.")
            lines += [go_on()] if self._output else []
        elif self._output and not outcome.finished:
            before = f" ({outcome.before:,} of them by the run before)" if outcome.before else ""
            lines.append(f"{_fields(totals.fields)}{before} -> {self._output}")
        for line in lines:
            print(line, file=sys.stderr)  # noqa: T201


def _fields(number: int) -> str:
    return f"{number:,} field{'s' * (number != 1)}"
