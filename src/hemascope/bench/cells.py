"""The rows of a bench's tables as text."""

from hemascope.bench.tables import METRICS, BenchTable, Entry
from hemascope.evaluate.compare.contender import CLEAN, HIDDEN, TTA
from hemascope.report.compare_words import cost_cells, difference_cell, p_cell, with_interval
from hemascope.report.words import NOTHING

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
