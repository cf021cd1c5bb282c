"""How results are shown: numbers in few letters, and small tables in the cell of a notebook."""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Iterable, Sequence

_NARROWEST = 40
GLUE = "\N{NO-BREAK SPACE}"
"""Between words that `wrapped` keeps together."""

NOTHING = "–"  # noqa: RUF001
"""Stands for what cannot be measured."""

SCORE_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "auc": "AUC",
}


_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # controls but tab and line feed; what is no UTF-8


def wrapped(text: str, width: int, indent: str = "", hang: int = 0) -> str:
    """A paragraph in lines of at most ``width`` columns, broken between words alone; a longer word has its own line.

    Args:
        text: the paragraph.
        width: columns.
        indent: before each line.
        hang: further columns before all lines but the first.

    >>> wrapped("An option such as --low-information is not broken.", 40)
    'An option such as --low-information is\\nnot broken.'
    """
    return textwrap.fill(
        text,
        max(width, _NARROWEST),
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        break_on_hyphens=False,
        break_long_words=False,
    ).replace(GLUE, " ")


def visible(text: str) -> str:
    r"""A text without control characters, which a terminal would obey: they become escapes, as in Python.

    >>> print(visible("\x1b[31mred.png, a\rb.png, caf\udce9.png"))
    \x1b[31mred.png, a\x0db.png, caf\udce9.png
    """
    return _HIDDEN.sub(lambda found: f"\\x{ord(found[0]):02x}" if found[0] < "\xff" else f"\\u{ord(found[0]):x}", text)


def percent(value: float | None) -> str:
    """A share in percent with one decimal, with more where that would round to certainty.

    >>> percent(0.98423), percent(0.99963), percent(1.0), percent(0.0004), percent(None)
    ('98.4%', '99.96%', '100%', '0.04%', '–')
    """
    return NOTHING if value is None or math.isnan(value) else f"{bare_percent(value)}%"


def bare_percent(value: float) -> str:
    """As `percent`, without the sign."""
    if value in (0, 1):
        return f"{100 * value:.0f}"
    for decimals in (1, 2, 3):
        text = f"{100 * value:.{decimals}f}"
        if 0 < float(text) < 100:
            return text
    return "<0.001" if value < 0.5 else ">99.999"


def interval(score: dict[str, float | None]) -> str:
    """A score's interval in percent; none is shown where it is one point, which says nothing.

    >>> interval({"value": 0.984, "low": 0.977, "high": 0.989})
    '97.7–98.9'
    """
    low, high = score["low"], score["high"]
    if low is None or high is None or not low < high:  # NaN is not below
        return NOTHING
    return f"{bare_percent(low)}–{bare_percent(high)}"  # noqa: RUF001


def with_interval(score: Sequence[float | None] | None) -> str:
    """A score and its interval, where it has one, from value, low and high.

    >>> with_interval((0.984, 0.977, 0.989))
    '98.4% [97.7–98.9]'
    """
    if score is None:
        return NOTHING
    value, low, high = score
    within = interval({"low": low, "high": high})
    return percent(value) if within == NOTHING else f"{percent(value)} [{within}]"


def points(score: Sequence[float | None]) -> str:
    """A difference of scores in percentage points, with its interval where it has one.

    >>> points((0.0042, -0.001, 0.0095))
    '+0.42 [-0.10 to +0.95]'
    """
    value, low, high = (math.nan if part is None else part for part in score)
    if math.isnan(low):
        return f"{100 * value:+.2f}"
    return f"{100 * value:+.2f} [{100 * low:+.2f} to {100 * high:+.2f}]"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """A table in HTML; every text is escaped, and None is an empty cell.

    >>> table(["Score", "Value"], [["Accuracy", "98.4%"]])
    '<table><tr><th>Score</th><th>Value</th></tr><tr><td>Accuracy</td><td>98.4%</td></tr></table>'
    """
    above = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{above}{_row('th', headings)}{''.join(_row('td', row) for row in rows)}</table>"


def paragraphs(lines: Iterable[str]) -> str:
    """Sentences in HTML, each in a paragraph of its own; every text is escaped.

    >>> paragraphs(["2 of 3 are right."])
    '<p>2 of 3 are right.</p>'
    """
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def side_by_side(parts: Iterable[str]) -> str:
    """Pieces of HTML in one row, which wraps where there is no room.

    >>> side_by_side(["<p>1</p>"])
    '<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start"><p>1</p></div>'
    """
    return f'<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start">{"".join(parts)}</div>'


def _row(kind: str, cells: Sequence[object]) -> str:
    texts = ("" if cell is None else html.escape(str(cell)) for cell in cells)
    return f"<tr>{''.join(f'<{kind}>{text}</{kind}>' for text in texts)}</tr>"
