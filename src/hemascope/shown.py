"""How results are shown: small tables and sentences in the cell of a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """A table in HTML; every text is escaped.

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


def _row(kind: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{kind}>{html.escape(str(cell))}</{kind}>' for cell in cells)}</tr>"
