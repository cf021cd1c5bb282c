"""Tables and pages as Markdown."""

from collections.abc import Sequence


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table; the first column to the left, the others to the right.

    >>> print(markdown_table(["Run", "Accuracy"], [["a|b", "98.4%"]]))
    | Run | Accuracy |
    |---|---:|
    | a\\|b | 98.4% |
    """
    lines = [headings, *rows]
    written = ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]
    return "\n".join([written[0], "|---|" + "---:|" * (len(headings) - 1), *written[1:]])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
