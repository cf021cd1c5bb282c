"""Pseudo-validation in the report: its scores, which transformations cost most, and what that says in words."""

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.evaluate.pseudo.result import AVERAGED, CLEAN, COPIES, OPERATION, SOURCE, PseudoResult
from hemascope.report import svg
from hemascope.shown import percent

SHOWN = 24
"""So many operations at most are in the chart; all are in the table."""


class Costs(NamedTuple):
    """Accuracy that each operation alone takes, the most costly first.

    Attributes:
        titles: names for readers, with the strength, c.
        lost: accuracy lost, 0 .. 1, negative where it gains, (c,).
        low: of the 95% interval, (c,).
        high: likewise.
    """

    titles: tuple[str, ...]
    lost: np.ndarray
    low: np.ndarray
    high: np.ndarray


def costs(result: PseudoResult) -> Costs:
    """The numbers of the chart; without operations where none was scored alone."""
    rows = result.of(OPERATION)
    columns = (rows[name].to_numpy(float) for name in ("drop", "drop_low", "drop_high"))
    return Costs(tuple(rows["title"]), *columns)


@svg.styled
def draw_costs(measured: Costs) -> Markup:
    """A row an operation: a dot for the percentage points lost, a line for the interval; the first `SHOWN`."""
    titles = measured.titles[:SHOWN]
    lost, low, high = (100 * part[:SHOWN] for part in measured[1:])
    n = len(titles)
    figure, (axes,) = svg.canvas(6.4, 0.55 + 0.23 * n)
    rows = np.arange(n)
    axes.hlines(rows, low, high, color=svg.SECOND, lw=1.6)
    axes.scatter(lost, rows, color=svg.ACCENT, s=30, lw=0, zorder=3)
    axes.axvline(0, color=svg.MUTED, lw=0.8)
    axes.set(ylim=(n - 0.4, -0.6), xlabel="accuracy lost, percentage points")
    axes.set_yticks(rows, titles)
    axes.grid(axis="y", visible=False)
    words = ", ".join(f"{title} {value:.1f}" for title, value in zip(titles, lost, strict=True))
    return svg.inline(figure, "pseudo", f"Percentage points of accuracy lost under each operation alone: {words}.")


def pseudo_words(result: PseudoResult) -> list[str]:
    """What was found, in a few sentences."""
    clean, copies, averaged = (result.score(kind).value for kind in (CLEAN, COPIES, AVERAGED))
    said = [
        f"Of transformed copies {percent(copies)} are right, of the images as they are {percent(clean)}. "
        f"With the predictions averaged over the {result.copies} copies of an image it is {percent(averaged)}."
    ]
    rows = result.of(OPERATION)
    costly = rows[rows["drop_low"] > 0].head(3)
    if len(costly):
        listed = ", ".join(f"{row['title']} ({100 * row['drop']:.1f} points)" for _, row in costly.iterrows())
        said.append(f"Alone, these cost most accuracy: {listed}.")
    elif len(rows):
        said.append("No operation alone costs accuracy beyond doubt.")
    return said


def pseudo_part(result: PseudoResult | None) -> dict[str, Any] | None:
    """What the page shows; None where there was no pseudo-validation."""
    if result is None:
        return None
    measured = costs(result)
    return {
        "result": result,
        "words": pseudo_words(result),
        "figure": draw_costs(measured) if measured.titles else "",
        "shown": min(SHOWN, len(measured.titles)),
        "scores": [_row(row) for kind in (CLEAN, COPIES, AVERAGED, SOURCE) for _, row in result.of(kind).iterrows()],
        "operations": [_row(row) for _, row in result.of(OPERATION).iterrows()],
    }


def _row(row: Any) -> dict[str, Any]:
    return {
        "title": row["title"],
        "lost": f"{100 * row['drop']:.1f}",
        "lost_interval": f"{100 * row['drop_low']:.1f} to {100 * row['drop_high']:.1f}",
        **{
            name: {"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}
            for name in ("accuracy", "balanced_accuracy")
        },
    }
