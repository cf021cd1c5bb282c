"""The tables of a bench: each row with the report's figure beside ours, and the differences between the rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from hemascope.bench.file import Table
from hemascope.bench.outcome import Outcome
from hemascope.bench.runner import Planned
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.comparison import Compared, Comparison, compare
from hemascope.evaluate.compare.contender import CLEAN, HIDDEN, TTA, Contender, read_contender

VIEW: dict[Table, str] = {"submissions": HIDDEN, "metrics": CLEAN, "local_tta": TTA}
"""What of ours stands beside the figures of each of the report's tables."""

METRICS = ("accuracy", "precision", "recall", "f1")
_FEWEST = 4  # rows, below which an order says nothing


@dataclass(frozen=True)
class Entry:
    """One row of a table.

    Attributes:
        planned: the row, its recipe and folder.
        outcome: what became of it, None where it was not run.
        compared: its scores and differences, None where it is not done.
    """

    planned: Planned
    outcome: Outcome | None
    compared: Compared | None

    def report(self, name: str = "accuracy") -> float | None:
        """The report's own figure, None where it has none."""
        figure = self.planned.row.report
        return figure.get(name) if isinstance(figure, dict) else figure if name == "accuracy" else None

    def score(self, view: str, name: str = "accuracy") -> Score | None:
        """Ours, None where it was not measured."""
        return self.compared.scores.get(view, {}).get(name) if self.compared else None


@dataclass(frozen=True)
class BenchTable:
    """One of the report's tables.

    Attributes:
        name: of it.
        entries: its rows in the file's order.
        comparison: of those that are done, None where none is.
    """

    name: Table
    entries: tuple[Entry, ...]
    comparison: Comparison | None

    @property
    def view(self) -> str:
        """What of ours stands beside the report's figures."""
        return VIEW[self.name]

    def agreement(self) -> tuple[float, int] | None:
        """Spearman's rank correlation of the report's figures with ours, and of how many rows; None of too few."""
        pairs = [(entry.report(), entry.score(self.view)) for entry in self.entries]
        both = np.array([(report, ours.value) for report, ours in pairs if report is not None and ours is not None])
        if len(both) < _FEWEST or len(set(both[:, 0])) < 2 or len(set(both[:, 1])) < 2:
            return None
        correlation = float(spearmanr(both[:, 0], both[:, 1]).statistic)
        return None if math.isnan(correlation) else (correlation, len(both))


def tables(planned: Sequence[Planned]) -> list[BenchTable]:
    """The tables that have rows, each with its own comparison."""
    contenders = {part.row.name: _contender(part) for part in planned}
    found = []
    for name, view in VIEW.items():
        parts = [part for part in planned if part.row.table == name]
        done = [contender for part in parts if (contender := contenders[part.row.name]) is not None]
        comparison = compare(done, by=(view, "accuracy")) if done else None
        rows = {row.contender.name: row for row in comparison.rows} if comparison else {}
        entries = tuple(Entry(part, part.outcome, rows.get(part.row.name)) for part in parts)
        if entries:
            found.append(BenchTable(name, entries, comparison))
    return found


def as_csv(found: Sequence[BenchTable]) -> str:
    """All rows for a spreadsheet: the report's figure, what became of the row, and all that compare.csv tells."""
    lines = []
    for table in found:
        told = table.comparison.table().set_index("run") if table.comparison else pd.DataFrame()
        for entry in table.entries:
            row = entry.planned.row
            line = {"table": table.name, "row": row.name, "report": entry.report(), "notes": row.notes}
            outcome = entry.outcome
            line |= {"done": bool(outcome and outcome.done), "scratch": bool(outcome and outcome.scratch)}
            line |= {"reason": outcome.reason if outcome else "not run"}
            lines.append(line | (dict(told.loc[row.name]) if entry.compared else {}))
    return pd.DataFrame(lines).to_csv(index=False)


def _contender(part: Planned) -> Contender | None:
    outcome = part.outcome
    if outcome is None or not outcome.done:
        return None
    return replace(read_contender(part.folder, part.row.name, lambda _: "test"), cost=outcome.cost)
