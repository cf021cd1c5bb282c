"""Figures with a row a class, or a laboratory: a score with its interval, and the number of images by split."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup

from hemascope.cells import title
from hemascope.report import svg


class ClassScores(NamedTuple):
    """One score by class or laboratory: names (c,), value, low and high (c,); what could not be measured is left out.

    The ends are NaN where there is no interval.
    """

    names: tuple[str, ...]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def class_scores(measured: dict[str, Any], name: str = "f1") -> ClassScores:
    """One score of every class of a split of metrics.json."""
    found = {key: part[name] for key, part in measured["classes"].items() if part[name]["value"] is not None}
    columns = (np.array([score[key] for score in found.values()], float) for key in ("value", "low", "high"))
    return ClassScores(tuple(found), *columns)


def draw_class_scores(scores: ClassScores) -> Markup:
    """`draw_scores` of every class's F1."""
    return draw_scores(scores, "F1", "class", svg.label)


@svg.styled
def draw_scores(scores: ClassScores, score: str, of: str, label: Callable[[str], str]) -> Markup:
    """A dot a row with a line for its interval, on an axis that ends at 100%.

    Args:
        scores: the rows.
        score: its name.
        of: what a row is.
        label: of a row, by its name.
    """
    n = len(scores.names)
    figure, (axes,) = svg.canvas(4.4, 0.55 + 0.27 * n)
    rows = np.arange(n)
    axes.hlines(rows, scores.low, scores.high, color=svg.ACCENT, lw=2.2, alpha=0.45)
    axes.scatter(scores.value, rows, color=svg.ACCENT, s=24, zorder=3)
    lowest = float(np.fmin(scores.low, scores.value).min(initial=1.0))
    start = max(0.0, min(0.9, np.floor(lowest * 20) / 20))
    axes.set(ylim=(n - 0.4, -0.6), xlim=(start, 1 + 0.02 * (1 - start)), xlabel=f"{score} with 95% interval")
    axes.set_yticks(rows, [label(name) for name in scores.names])
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%" if value <= 1 else "")
    words = ", ".join(f"{label(name)} {value:.3f}" for name, value in zip(scores.names, scores.value, strict=True))
    return svg.inline(figure, score.lower(), f"{score.capitalize()} by {of}: {words}.")


@svg.styled
def draw_counts(counts: pd.DataFrame) -> Markup:
    """Images by class as stacked bars, a part a split (`Manifest.counts`: a row a class, a column a split)."""
    n = len(counts)
    figure, (axes,) = svg.canvas(4.4, 0.75 + 0.27 * n)
    left = np.zeros(n)
    looks = ((svg.ACCENT, 1.0), (svg.SECOND, 1.0), (svg.MUTED, 0.6), (svg.GRID, 1.0))
    for (split, column), (colour, alpha) in zip(counts.items(), looks, strict=False):
        width = column.to_numpy(float)
        axes.barh(np.arange(n), width, 0.64, left=left, color=colour, alpha=alpha, label=str(split) or "no split")
        left += width
    axes.set(ylim=(n - 0.4, -0.6), xlabel="images", xlim=(0, None))
    axes.set_yticks(np.arange(n), [svg.label(name) for name in counts.index])
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.legend(loc="outside upper right", ncols=4)
    words = ", ".join(f"{title(name)} {int(total)}" for name, total in zip(counts.index, left, strict=True))
    return svg.inline(figure, "counts", f"Usable images by class: {words}.")
