"""What mattered in a search, as bars and in words."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.evaluate.bootstrap import Score
from hemascope.report import svg
from hemascope.report.words import percent

_NAMED = 3


class Importance(NamedTuple):
    """Shares of the spread of the scores, float64 (k,) that sum to 1, the largest first, and whose they are."""

    names: tuple[str, ...]
    shares: np.ndarray


def ranked(importance: Mapping[str, float]) -> Importance:
    """The numbers of the bars.

    >>> ranked({"hue": 0.2, "stain": 0.8}).names
    ('stain', 'hue')
    """
    order = sorted(importance, key=lambda name: -importance[name])
    return Importance(tuple(order), np.array([importance[name] for name in order], np.float64))


@svg.styled
def draw_importance(measured: Importance) -> Markup:
    """A bar a name, the largest on top."""
    figure, (axes,) = svg.canvas(4.6, 0.7 + 0.3 * len(measured.names))
    places = np.arange(len(measured.names))[::-1]
    axes.barh(places, 100 * measured.shares, height=0.62, color=svg.ACCENT)
    for place, share in zip(places, measured.shares, strict=True):
        axes.annotate(
            percent(share), (100 * share, place), xytext=(4, 0), textcoords="offset points", va="center", color=svg.INK
        )
    axes.set_yticks(places, measured.names)
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.16)
    axes.set(xlabel="share of the spread of the scores, %", xlim=(0, None))
    return svg.inline(figure, "importance", mattered(dict(zip(measured.names, measured.shares, strict=True))))


def mattered(importance: Mapping[str, float]) -> str:
    """The first few in a sentence.

    >>> mattered({"hue": 0.2, "stain": 0.8})
    'What mattered most: stain (80.0%), hue (20.0%).'
    """
    names, shares = ranked(importance)
    first = [f"{name} ({percent(share)})" for name, share in zip(names[:_NAMED], shares, strict=False)]
    return f"What mattered most: {', '.join(first)}."


def trust(gain: Score) -> str:
    """Whether a gain measured on images that the search did not use can be believed, to follow the number.

    >>> trust(Score(0.02, 0.01, 0.03))
    'it holds.'
    """
    if gain.low > 0:
        return "it holds."
    if gain.high < 0:
        return "it is none, so keep the recipe's own."
    return "not beyond doubt, so try more trials or images."
