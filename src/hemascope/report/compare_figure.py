"""Scores with intervals, one below the other: a dot a model and view."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.evaluate.bootstrap import Score
from hemascope.report import svg

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
            axes.errorbar(x, y, xerr=sides, fmt="o", ms=5, lw=1.6, color=colour, label=part.title)
    short = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    axes.set_yticks(range(len(names)), short)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.4g}%")
    if len(series) > 1:
        figure.legend(loc="outside upper right", ncols=len(series))
    return svg.inline(figure, figure_id, description)
