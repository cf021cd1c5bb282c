"""What `hemascope predict` shows: CSV into a pipe; on a terminal a table and a summary."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.cli._running import go_on
from hemascope.data import left_out
from hemascope.predict import rows
from hemascope.predict.differential.differential import FILE
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block

if TYPE_CHECKING:
    from hemascope.predict.differential.differential import Differential
    from hemascope.predict.run import Outcome

TABLE_ROWS = 40
"""Images shown one by one on a terminal; of more only the summary."""

FAILURES = 10
"""Failed images named in the summary."""


class Show:
    """Takes the results as they come; rich is imported only where there is a terminal to draw on."""

    def __init__(self, output: Path | None) -> None:
        self._output = output
        self._layout = Layout(())
        self._counts: Counter[str] = Counter()
        self._unknown = 0  # images that are probably none of the classes
        self._left_out: dict[str, str] = {}  # of files that hold more than is read
        self._failures: list[tuple[str, str]] = []
        self._first: list[tuple[str, str, float, bool, str]] = []
        self._file = sys.stdout  # what a cluster prints does not come between
        self._as_csv = output is None and not sys.stdout.isatty()

    def begin(self, layout: Layout, before: int) -> None:
        """Begin the table."""
        self._layout = layout
        if self._as_csv:
            self._file.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
            rows.write_csv_header(self._file, layout)

    def add(self, block: Block) -> None:
        """Take a block of results."""
        labels = rows.labels(block, self._layout.classes)
        self._counts.update(label for label in labels if label)
        if self._as_csv:
            rows.write_csv(self._file, block, self._layout)
            self._file.flush()
        self._left_out.update((rows.printable(path), what) for path, what in block.left_out.items())
        flags = rows.flags(block, self._layout)
        self._unknown += int(flags.sum())
        seen = rows.appearances(block, self._layout)
        for path, label, row, flag, words, error in zip(
            block.paths, labels, block.probabilities, flags, seen, block.errors, strict=True
        ):
            if error and len(self._failures) < FAILURES:
                self._failures.append((rows.printable(path), error))
            if label and len(self._first) <= TABLE_ROWS:
                self._first.append((rows.printable(path), label, float(row.max()), bool(flag), words))

    def end(self, outcome: "Outcome") -> None:
        """Say how it went: the table and the summary on a terminal, one line and the failures elsewhere."""
        if self._output is None and not self._as_csv:
            from hemascope.cli import _predict_draw

            first = self._first if len(self._first) <= TABLE_ROWS else []
            _predict_draw.table(first, {} if outcome.differential else self._counts, self._layout)
        lines = [outcome.unlike.message] if outcome.unlike and not outcome.differential else []
        if self._unknown:
            now = sum(self._counts.values())  # of this run: an earlier one counted its own
            lines.append(f"{self._unknown:,} of {now:,} images are probably none of the classes: column is_unknown")
        if self._left_out:
            lines.append(left_out.line(self._left_out))
        if outcome.failed:
            lines.append(f"{outcome.failed:,} of {outcome.images:,} images failed:")
            lines += [f"  {path}: {error}" for path, error in self._failures]
            if outcome.failed > len(self._failures):
                lines.append("  … the others are in the table, column error")
        if not outcome.complete and self._output:
            lines.append(f"Stopped after {outcome.images:,} images; they are kept in {outcome.kept}.")
            lines.append(go_on())
        elif not outcome.complete:
            lines.append(f"Stopped after {outcome.images:,} images.")
        elif self._output:
            before = f" ({outcome.before:,} of them by the run before)" if outcome.before else ""
            lines.append(f"{outcome.images:,} images{before} -> {self._output}")
        for line in lines:
            print(line, file=sys.stderr)  # noqa: T201

    def differential(self, found: "Differential") -> None:
        """Show the count; beside CSV in a pipe it goes to where messages go."""
        from hemascope.cli import _predict_draw

        _predict_draw.differential(found, stderr=self._as_csv)
        if self._output:
            print(f"{found.heading} -> {self._output.with_name(FILE)}", file=sys.stderr)  # noqa: T201
