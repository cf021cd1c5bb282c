"""How a result draws itself in a notebook: a heading, a table and lines below it, as plain HTML."""

import html
from collections.abc import Iterable, Sequence


def drawn(heading: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *lines: str) -> str:
    """The HTML of a result; everything in it is escaped, and a table without rows is left out.

    Args:
        heading: what it is, in bold above the table.
        columns: of the table; the first holds names, the others numbers.
        rows: a cell a column; None is an empty one.
        lines: below the table.

    >>> drawn("cells", ["finding", "images"], [["blur", 3]])
    '<div><b>cells</b><table><tr><th style="text-align:left">finding</th><th>images</th></tr><tr><td \
style="text-align:left">blur</td><td>3</td></tr></table></div>'
    """
    body = "".join(_row("td", row) for row in rows)
    table = f"<table>{_row('th', columns)}{body}</table>" if body else ""
    below = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
    return f"<div><b>{html.escape(heading)}</b>{table}{below}</div>"


def _row(tag: str, cells: Sequence[object]) -> str:
    texts = ["" if cell is None else html.escape(str(cell)) for cell in cells]
    left = [f'<{tag} style="text-align:left">{text}</{tag}>' for text in texts[:1]]
    return f"<tr>{''.join([*left, *(f'<{tag}>{text}</{tag}>' for text in texts[1:])])}</tr>"
