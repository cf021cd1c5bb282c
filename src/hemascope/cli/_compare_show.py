"""A comparison on the terminal."""

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from hemascope.evaluate.compare.comparison import Comparison
from hemascope.report.compare import (
    TITLES,
    VIEWS,
    cost_table,
    difference_cell,
    figure_table,
    notes,
    p_cell,
    verdict,
)
from hemascope.shown import percent, with_interval


def compare_lines(comparison: Comparison) -> list[RenderableType]:
    """Tables and sentences for an 80 column terminal."""
    by = comparison.by[1]
    lines: list[RenderableType] = []
    for view, title in VIEWS.items():
        rows = [row for row in comparison.rows if view in row.scores]
        if not rows:
            continue
        table = Table("Run", title=title, title_justify="left")
        table.add_column(TITLES[by], justify="right", no_wrap=True)
        table.add_column("Difference in points", justify="right", no_wrap=True)
        table.add_column("p", justify="right", no_wrap=True)
        for row in rows:
            found = row.differences.get(view, {}).get(by)
            table.add_row(
                escape(row.contender.name), with_interval(row.scores[view][by]), difference_cell(found), p_cell(found)
            )
        lines.append(table)
    others = {name: title for name, title in TITLES.items() if name != by}
    figures = figure_table(comparison)
    further = Table("Run", *others.values(), *(figures["headings"][1:] if figures else ()))
    for place, row in enumerate(comparison.rows):
        scores = [percent(row.scores["clean"][name].value) for name in others]
        told = [cell.partition(" ")[0] for cell in figures["rows"][place][1:]] if figures else []
        further.add_row(escape(row.contender.name), *scores, *told)
    cost = cost_table(comparison)
    costs = Table(*cost["headings"])
    for cells in cost["rows"]:
        costs.add_row(*map(escape, cells))
    return [*lines, further, costs, *map(escape, (verdict(comparison), *notes(comparison)[:1]))]
