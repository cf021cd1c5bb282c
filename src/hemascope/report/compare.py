"""The pages of a comparison: compare.html, compare.md and compare.csv."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope import __version__
from hemascope.data.delimited import as_delimited
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.comparison import Compared, Comparison
from hemascope.evaluate.compare.contender import CLEAN, HIDDEN, TTA, Cost
from hemascope.evaluate.compare.paired import Difference
from hemascope.files import write_text
from hemascope.report import svg
from hemascope.report.template import rendered
from hemascope.shown import NOTHING, points, with_interval

VIEWS = {
    CLEAN: "Images as they are",
    HIDDEN: "Under one to three unknown corruptions",
    TTA: "With test-time augmentation",
}
TITLES = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "f1": "F1, macro"}
FIGURES = {"pseudo": "Pseudo-validation", "shift": "Shift suite", "tta": "Test-time augmentation"}


def difference_cell(difference: Difference | None) -> str:
    """A difference in percentage points with its interval; of the reference itself nothing."""
    return points(difference[:3]) if difference else NOTHING


def p_cell(difference: Difference | None) -> str:
    """A corrected p value.

    >>> p_cell(Difference(0.1, 0.05, 0.15, 0.0004, 0.0008)), p_cell(Difference(0.1, -0.05, 0.15, 0.2, 0.4))
    ('<0.001', '0.400')
    """
    if difference is None:
        return NOTHING
    return "<0.001" if difference.adjusted < 0.001 else f"{difference.adjusted:.3f}"


def claim(difference: Difference | None) -> str:
    """What may be said of a model beside the reference."""
    if difference is None:
        return "reference"
    if not difference.certain:
        return "no difference shown"
    return "better" if difference.value > 0 else "worse"


def cost_cells(cost: Cost) -> dict[str, str]:
    """Minutes, parameters, images a second and megabytes as text.

    >>> cost_cells(Cost(minutes=94.97, parameters=3381256, megabytes=14.16, images_s=412.3))
    {'minutes': '95.0', 'parameters': '3.4 M', 'images_s': '412', 'megabytes': '14.2'}
    """
    return {
        "minutes": NOTHING if cost.minutes is None else f"{cost.minutes:.1f}",
        "parameters": NOTHING if cost.parameters is None else _count(cost.parameters),
        "images_s": NOTHING if cost.images_s is None else f"{cost.images_s:,.{0 if cost.images_s >= 10 else 1}f}",
        "megabytes": NOTHING if cost.megabytes is None else f"{cost.megabytes:.1f}",
    }


def verdict(comparison: Comparison) -> str:
    """The result in one sentence."""
    view, name = comparison.by
    best = comparison.rows[0]
    where = "" if view == CLEAN else f" {_LOWER[view]}"
    said = f"On the same {comparison.images:,} images{where}, {best.contender.name} is highest"
    said += f": {TITLES.get(name, name).lower()} {with_interval(best.scores[view][name])}."
    differing = [row for row in comparison.rows if (part := _by(comparison, row)) and part.certain]
    others = len(comparison.rows) - 1
    if not others:
        return said
    if not differing:
        return f"{said} No difference from {comparison.reference} is beyond doubt."
    return f"{said} {len(differing)} of {others} differ from {comparison.reference} beyond doubt."


def notes(comparison: Comparison) -> list[str]:
    """How the differences were tested, and what they do not say."""
    said = [
        f"Differences are from {comparison.reference}, "
        + ("the reference that was named" if comparison.chosen else "the highest score")
        + ": a paired bootstrap over the same images, copies of an image kept together "
        f"({comparison.images:,} images in {comparison.groups:,} groups). Where the interval holds 0, no difference is "
        "claimed. P values are corrected for being several (Holm 1979).",
        "The test tells whether two trained models differ on images of this kind. Another training of the same recipe, "
        "with another seed, gives another model, and other laboratories other images.",
    ]
    if not comparison.chosen and len(comparison.rows) > 2:
        said.insert(1, "The highest of several scores is flattered by chance: name a reference with --against.")
    return said


def _by(comparison: Comparison, row: Compared) -> Difference | None:
    view, name = comparison.by
    return row.differences.get(view, {}).get(name)


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"


_LOWER = {view: title[0].lower() + title[1:] for view, title in VIEWS.items()}


_COLOURS = (svg.ACCENT, svg.WRONG, svg.SECOND)
_LONGEST = 38  # letters


class Series(NamedTuple):
    """One kind of score of every model.

    Attributes:
        title: for the legend.
        scores: one a model; None where it has none.
        hollow: drawn as an open mark, without an interval: a figure from elsewhere.
    """

    title: str
    scores: Sequence[Score | None]
    hollow: bool = False


@svg.styled
def draw_scores(names: Sequence[str], series: Sequence[Series], description: str, figure_id: str = "scores") -> Markup:
    """A chart of shares 0 .. 1 as percentages.

    Args:
        names: of the models, top to bottom.
        series: up to three.
        description: for those who do not see it.
        figure_id: unique in the page.
    """
    figure, (axes,) = svg.canvas(7.2, 0.9 + 0.34 * len(names))
    for place, part in enumerate(series):
        shift = 0.16 * (place - (len(series) - 1) / 2)
        rows = [i for i, score in enumerate(part.scores) if score is not None]
        found = [score for score in part.scores if score is not None]
        if not rows:
            continue
        x = 100 * np.array([score.value for score in found])
        y = np.array(rows) + shift
        colour = _COLOURS[place]
        if part.hollow:
            axes.scatter(x, y, s=40, facecolor="none", edgecolor=colour, lw=1.5, label=part.title, zorder=3)
        else:
            sides = 100 * np.array([[score.value - score.low, score.high - score.value] for score in found]).T
            axes.errorbar(x, y, xerr=np.nan_to_num(sides), fmt="o", ms=5, lw=1.6, color=colour, label=part.title)
    short = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    axes.set_yticks(range(len(names)), short)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.4g}%")
    if len(series) > 1:
        figure.legend(loc="outside upper right", ncols=len(series))
    return svg.inline(figure, figure_id, description)


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table; columns of figures to the right, the first and those of words to the left.

    >>> print(markdown_table(["Run", "Accuracy"], [["a|b", "98.4%"]]))
    | Run | Accuracy |
    |---|---:|
    | a\\|b | 98.4% |
    """
    lines = [headings, *rows]
    written = ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]
    columns = list(zip(*rows, strict=True))[1:] or [()] * (len(headings) - 1)
    rule = "|---|" + "".join("---:|" if all(map(_is_figure, column)) else "---|" for column in columns)
    return "\n".join([written[0], rule, *written[1:]])


def _is_figure(cell: str) -> bool:
    return cell[:1] in {"", "+", "-", "\u2013"} or cell[0].isdigit()


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


NAME = "compare"
FILE_NAME = f"{NAME}.html"
DIFFERENCE, P_VALUE = "Difference, points", "p"


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write the three files of a comparison, each whole or not at all.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    write_text(folder / f"{NAME}.csv", as_delimited(comparison.table()))
    write_text(folder / f"{NAME}.md", as_markdown(comparison))
    write_text(folder / FILE_NAME, rendered("compare.html.j2", _context(comparison)))
    return folder / FILE_NAME


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
