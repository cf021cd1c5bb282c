"""The tables of a bench: each row with the report's figure beside ours, and the differences between the rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from hemascope.bench.data import HeldOut
from hemascope.bench.file import Bench, Table
from hemascope.bench.outcome import RowOutcome
from hemascope.bench.runner import Planned
from hemascope.data.delimited import as_delimited
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.comparison import Compared, Comparison, compare_contenders
from hemascope.evaluate.compare.contender import CLEAN, HIDDEN, TTA, Contender, read_contender
from hemascope.report.compare import cost_cells, difference_cell, p_cell, with_interval
from hemascope.shown import NOTHING

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
    outcome: RowOutcome | None
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
        comparison = compare_contenders(done, by=(view, "accuracy")) if done else None
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
    return as_delimited(pd.DataFrame(lines))


def _contender(part: Planned) -> Contender | None:
    outcome = part.outcome
    if outcome is None or not outcome.done:
        return None
    return replace(read_contender(part.folder, part.row.name, lambda _: "test"), cost=outcome.cost)


OURS = {HIDDEN: "pseudo-hidden", CLEAN: "held out", TTA: "held out, test-time augmentation"}
"""What our figures are of, by view."""

_COST = ("Minutes", "Parameters", "Images/s")


def figure(value: float | None) -> str:
    """One of the report's own figures in percent, with the decimals that it has there.

    >>> figure(0.9385), figure(0.9), figure(None)
    ('93.85%', '90%', '–')
    """
    return NOTHING if value is None else f"{100 * value:.6g}%"


def rows_of(table: BenchTable) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table; the third column is prose."""
    if table.name == "metrics":
        return _metrics(table)
    clean = table.view != CLEAN
    headings = ["Net", "Optimiser", "Notes", "Report", f"Ours, {OURS[table.view]}", "Difference, points", "p"]
    headings += [*(["Ours, as they are"] if clean else []), *_COST]
    lines = []
    for entry in table.entries:
        found = entry.compared.differences.get(table.view, {}).get("accuracy") if entry.compared else None
        line = [entry.planned.row.label, entry.planned.recipe.optimizer.name, _notes(entry), figure(entry.report())]
        line += [with_interval(entry.score(table.view)), difference_cell(found), p_cell(found)]
        line += [with_interval(entry.score(CLEAN))] if clean else []
        lines.append(line + _cost(entry))
    return headings, lines


def _metrics(table: BenchTable) -> tuple[list[str], list[list[str]]]:
    lines = []
    for entry in table.entries:
        figures = [figure(entry.report(name)) for name in METRICS]
        ours = [with_interval(entry.score(CLEAN, name)) for name in METRICS]
        lines.append([entry.planned.row.label, "report", "", *figures, *[NOTHING] * len(_COST)])
        lines.append(["", "ours", _notes(entry), *ours, *_cost(entry)])
    return ["Net", "Whose", "Notes", "Accuracy", "Precision", "Recall", "F1", *_COST], lines


def _notes(entry: Entry) -> str:
    parts = [entry.planned.row.notes]
    if entry.outcome is None:
        parts.append("NOT RUN")
    elif not entry.outcome.done:
        parts.append(f"FAILED: {entry.outcome.reason}")
    elif entry.outcome.scratch:
        parts.append("from scratch: no pretrained weights here")
    return "; ".join(filter(None, parts))


def _cost(entry: Entry) -> list[str]:
    if entry.compared is None:
        return [NOTHING] * len(_COST)
    cells = cost_cells(entry.compared.contender.cost)
    return [cells["minutes"], cells["parameters"], cells["images_s"]]


TITLES = {
    "submissions": "Submissions",
    "metrics": "Metrics of the final model",
    "local_tta": "Local results with test-time augmentation",
}
_BESIDE = {
    "submissions": "The report's scores are of the challenge's hidden images, which nobody has. Ours are of a "
    "stand-in: held-out images under one to three unknown corruptions at once.",
    "metrics": "The report's are of its local test split, ours of the held-out images as they are; all but accuracy "
    "are means over the classes.",
    "local_tta": "The report's are of its local test split with test-time augmentation, ours of the held-out images "
    "with it.",
}


def table_words(table: BenchTable) -> str:
    """What the figures of a table are of, and what may be claimed of them."""
    said = [_BESIDE[table.name]]
    comparison = table.comparison
    if comparison and len(comparison.rows) > 1:
        found = [row.differences[table.view]["accuracy"] for row in comparison.rows if table.view in row.differences]
        certain = sum(difference.certain for difference in found)
        said.append(
            f"Differences are from the highest of ours, {comparison.reference}; {certain} of {len(found)} are beyond "
            "doubt. The highest of several is flattered by chance."
        )
    agreement = table.agreement()
    if agreement:
        said.append(
            f"Rank correlation of the report's figures with ours, {agreement[1]} rows: {agreement[0]:+.2f} (Spearman)."
        )
    return " ".join(said)


def how_measured(bench: Bench, held_out: HeldOut) -> list[str]:
    """How the figures were measured, a sentence or two each."""
    hidden = bench.hidden
    return [
        f"Images: {held_out.rows.name or 'the source'}. {held_out.trained_on:,} are trained on (each row divides them "
        f"by its own recipe), {len(held_out.rows):,} are held out. No row sees a held-out image or a copy of one.",
        f"Pseudo-hidden: every held-out image in {hidden.copies} copies of {hidden.side} px, each under one to three "
        f"of the shift suite's corruptions, of a severity from 1 to 5, drawn by seed {hidden.seed}: the same for every "
        "row.",
        f"Test-time augmentation averages over {bench.tta_steps} views.",
        "Scores are those of each row's model file. In brackets: 95% intervals. Differences: paired "
        "bootstrap over the same images, copies kept together, p values corrected for being several (Holm 1979); "
        "where the interval holds 0, no difference is claimed.",
        "One training a row: another seed gives another model, which the intervals do not cover.",
        "Minutes are those of the epochs. Images a second are the model file's on the CPU, 96 px images, 32 at a time; "
        "one short measurement each, so rows of one network differ as far as the machine was busy.",
    ]
