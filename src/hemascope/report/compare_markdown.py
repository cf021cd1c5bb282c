"""Tables and pages as Markdown."""

from collections.abc import Sequence


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
