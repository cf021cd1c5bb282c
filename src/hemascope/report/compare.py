"""The pages of a comparison: compare.html, compare.md and compare.csv."""

from pathlib import Path
from typing import Any

from hemascope import __version__
from hemascope.evaluate.compare.comparison import Comparison
from hemascope.files import write_text
from hemascope.report.compare_figure import Series, draw_scores
from hemascope.report.compare_markdown import markdown_table
from hemascope.report.compare_words import (
    FIGURES,
    TITLES,
    VIEWS,
    claim,
    cost_cells,
    difference_cell,
    notes,
    p_cell,
    verdict,
    with_interval,
)
from hemascope.report.template import rendered

NAME = "compare"
DIFFERENCE, P_VALUE = "Difference, points", "p"


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write the three files of a comparison, each whole or not at all.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    write_text(folder / f"{NAME}.csv", comparison.table().to_csv(index=False))
    write_text(folder / f"{NAME}.md", as_markdown(comparison))
    write_text(folder / f"{NAME}.html", rendered("compare.html.j2", _context(comparison)))
    return folder / f"{NAME}.html"


def as_markdown(comparison: Comparison) -> str:
    """The comparison as a Markdown page."""
    parts = ["# Comparison", verdict(comparison), *notes(comparison)]
    for part in view_tables(comparison):
        parts += [f"## {part['title']}", markdown_table(part["headings"], part["rows"])]
    for title, table in (("Other scores", figure_table(comparison)), ("Cost", cost_table(comparison))):
        if table:
            parts += [f"## {title}", markdown_table(table["headings"], table["rows"])]
    return "\n\n".join(parts) + "\n"


def view_tables(comparison: Comparison) -> list[dict[str, Any]]:
    """A table a view: scores with intervals, and the difference in the score that was compared by."""
    by = comparison.by[1]
    tables = []
    for view, title in VIEWS.items():
        rows = [
            [
                row.contender.name,
                *(with_interval(row.scores[view][name]) for name in TITLES),
                difference_cell(found := row.differences.get(view, {}).get(by)),
                p_cell(found),
                claim(found) if found or row.contender.name == comparison.reference else "",
            ]
            for row in comparison.rows
            if view in row.scores
        ]
        if rows:
            headings = [
                "Run",
                *TITLES.values(),
                f"{DIFFERENCE} of {TITLES[by].lower()}",
                P_VALUE,
                "Beside the reference",
            ]
            tables.append({"title": title, "view": view, "headings": headings, "rows": rows})
    return tables


def figure_table(comparison: Comparison) -> dict[str, Any] | None:
    """Accuracies that the folders' own files tell, where one of them has any."""
    present = [name for name in FIGURES if any(name in row.contender.figures for row in comparison.rows)]
    if not present:
        return None
    rows = [
        [row.contender.name, *(with_interval(row.contender.figures.get(name)) for name in present)]
        for row in comparison.rows
    ]
    return {"headings": ["Run", *(FIGURES[name] for name in present)], "rows": rows}


def cost_table(comparison: Comparison) -> dict[str, Any]:
    """What each model costs."""
    rows = [
        [row.contender.name, row.contender.cost.network, *cost_cells(row.contender.cost).values()]
        for row in comparison.rows
    ]
    return {"headings": ["Run", "Network", "Minutes", "Parameters", "Images/s", "MB"], "rows": rows}


def _context(comparison: Comparison) -> dict[str, Any]:
    by = comparison.by[1]
    shown = [view for view in VIEWS if any(view in row.scores for row in comparison.rows)]
    series = [
        Series(VIEWS[view], [row.scores[view][by] if view in row.scores else None for row in comparison.rows])
        for view in shown
    ]
    names = [row.contender.name for row in comparison.rows]
    described = ", ".join(f"{row.contender.name} {with_interval(row.scores[shown[0]][by])}" for row in comparison.rows)
    return {
        "heading": " – ".join(names[:3]) + (" …" if len(names) > 3 else ""),  # noqa: RUF001
        "verdict": verdict(comparison),
        "notes": notes(comparison),
        "figure": draw_scores(names, series, f"{TITLES[by]}: {described}."),
        "figure_title": TITLES[by],
        "tables": view_tables(comparison),
        "figures": figure_table(comparison),
        "cost": cost_table(comparison),
        "version": __version__,
    }
