"""What the pages of both searches share: what mattered, as bars and in words; whether to trust a gain; the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope import __version__
from hemascope.evaluate.bootstrap import Score
from hemascope.files import write_text
from hemascope.report import svg
from hemascope.report.template import rendered
from hemascope.shown import paragraphs, percent, table

FILE_NAME = "report.html"
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


def write_search_page(folder: Path, template: str, importance: Mapping[str, float], context: dict[str, Any]) -> Path:
    """Write the page of a search into its folder.

    Args:
        folder: of the search.
        template: its name, one that extends ``search_page.html.j2``.
        importance: see `hemascope.evaluate.tune.search.importance`.
        context: heading, words, and what else the template shows.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    figure = draw_importance(ranked(importance)) if importance else ""
    page = folder / FILE_NAME
    write_text(page, rendered(template, {"importance": figure, "version": __version__, **context}))
    return page


def search_table(
    number: int,
    titles: tuple[str, str],
    values: Sequence[Mapping[str, str]],
    gains: Sequence[Mapping[str, Any]],
    words: Sequence[str],
) -> str:
    """A search in the cell of a notebook: the winner beside the recipe's own, in HTML.

    Args:
        number: of the winner.
        titles: of what was searched, and of what it is scored on.
        values: name, own and chosen, a row each.
        gains: title, own and chosen as scores, and gain, a row each; may be empty.
        words: sentences below.
    """
    chosen = f"Trial {number}"
    shown = table((titles[0], "Recipe's own", chosen), [(row["name"], row["own"], row["chosen"]) for row in values])
    if gains:
        rows = [
            (row["title"], percent(row["own"]["value"]), percent(row["chosen"]["value"]), row["gain"]) for row in gains
        ]
        shown += table((titles[1], "Recipe's own", chosen, "Gain in points, 95% interval"), rows)
    return shown + paragraphs(words)
