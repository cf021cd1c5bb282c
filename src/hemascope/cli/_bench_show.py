"""The tables of a bench on the terminal."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from hemascope.bench.tables import TITLES, BenchTable, figure
from hemascope.report.compare import cost_cells, p_cell, with_interval
from hemascope.shown import NOTHING


def bench_lines(found: Sequence[BenchTable]) -> list[RenderableType]:
    """A table each, for an 80 column terminal; the page has the rest."""
    return [_lines(table) for table in found]


def _lines(table: BenchTable) -> Table:
    drawn = Table("Row", title=TITLES[table.name], title_justify="left")
    for heading in ("Report", "Ours", "Minutes", "p"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for entry in table.entries:
        found, minutes, ours = None, NOTHING, "not run" if entry.outcome is None else "failed"
        if entry.compared:
            found = entry.compared.differences.get(table.view, {}).get("accuracy")
            minutes = cost_cells(entry.compared.contender.cost)["minutes"]
            ours = with_interval(entry.score(table.view))
        drawn.add_row(escape(entry.planned.row.name), figure(entry.report()), ours, minutes, p_cell(found))
    return drawn
