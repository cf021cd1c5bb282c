"""The pages of a bench: bench.html, bench.md and bench.csv."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hemascope import __version__
from hemascope.bench.data import HeldOut
from hemascope.bench.file import Bench
from hemascope.bench.tables import OURS, TITLES, BenchTable, as_csv, figure, how_measured, rows_of, table_words
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.contender import CLEAN
from hemascope.files import write_text
from hemascope.report.compare import Series, draw_scores, markdown_table, with_interval
from hemascope.report.template import rendered
from hemascope.shown import NOTHING

NAME = "bench"


def write_bench(folder: Path, bench: Bench, found: Sequence[BenchTable], held_out: HeldOut, command: str) -> Path:
    """Write the three files of a bench, each whole or not at all.

    Args:
        folder: of the bench.
        bench: the file.
        found: its tables.
        held_out: what the rows were scored on.
        command: that runs it again.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    context = _context(bench, found, held_out, command)
    write_text(folder / f"{NAME}.csv", as_csv(found))
    write_text(folder / f"{NAME}.md", _markdown(context))
    write_text(folder / f"{NAME}.html", rendered("bench.html.j2", context))
    return folder / f"{NAME}.html"


def _context(bench: Bench, found: Sequence[BenchTable], held_out: HeldOut, command: str) -> dict[str, Any]:
    shown = []
    for table in found:
        headings, rows = rows_of(table)
        about = {"name": table.name, "title": TITLES[table.name], "words": table_words(table)}
        shown.append(about | {"headings": headings, "rows": rows, "figure": _figure(table)})
    outcomes = [entry.outcome for table in found for entry in table.entries]
    return {
        "title": bench.title,
        "note": bench.note,
        "state": _state([None if outcome is None else outcome.done for outcome in outcomes]),
        "tables": shown,
        "how": how_measured(bench, held_out),
        "machines": sorted({outcome.machine for outcome in outcomes if outcome and outcome.machine}) or [NOTHING],
        "command": command,
        "version": __version__,
    }


def _state(done: Sequence[bool | None]) -> str:
    """How many rows are done, failed and not run."""
    counts = {"done": done.count(True), "failed": done.count(False), "not run": done.count(None)}
    said = [f"{counts.pop('done')} of {len(done)} rows done", *(f"{n} {name}" for name, n in counts.items() if n)]
    return ", ".join(said)


def _figure(table: BenchTable) -> Any:
    if table.name == "metrics" or table.comparison is None:
        return ""
    names = [f"{entry.planned.row.label}, {entry.planned.recipe.optimizer.name}" for entry in table.entries]
    reports = [entry.report() for entry in table.entries]
    series = [
        Series("report", [None if value is None else Score(value, value, value) for value in reports], hollow=True),
        Series(f"ours, {OURS[table.view]}", [entry.score(table.view) for entry in table.entries]),
        Series("ours, as they are", [entry.score(CLEAN) for entry in table.entries]),
    ]
    described = "; ".join(
        f"{name}: report {figure(report)}, ours {with_interval(entry.score(table.view))}"
        for name, report, entry in zip(names, reports, table.entries, strict=True)
    )
    return draw_scores(names, series, f"{TITLES[table.name]}. {described}.", table.name)


def _markdown(context: dict[str, Any]) -> str:
    note = [f"**{context['note']}**"] if context["note"] else []
    parts = [f"# {context['title']}", *note, f"{context['state']}."]
    for table in context["tables"]:
        parts += [f"## {table['title']}", table["words"], markdown_table(table["headings"], table["rows"])]
    parts += ["## How it was measured", "\n".join(f"- {line}" for line in context["how"])]
    parts += [f"Machine: {'; '.join(context['machines'])}."]
    parts += ["Run it again, or go on where it stopped:", f"```\n{context['command']}\n```"]
    return "\n\n".join(parts) + f"\n\nWritten by hemascope {context['version']}.\n"
