"""What the pages of ``hemascope COMMAND --help`` are made of, whatever reads a command's arguments.

Docstrings are wrapped for the source's 120 columns. Their paragraphs are wrapped anew here, by words: an option or a
file name is never broken at its hyphen, as a reader would copy half of it.
"""

import re
import shutil
import textwrap
from collections.abc import Sequence

from hemascope.shown import wrapped

WIDTH = 80
HELP = "Show this message and exit."
_NAMES = 26  # columns for the names of options; a longer one has its line to itself


def width() -> int:
    """Columns of a page here."""
    return min(shutil.get_terminal_size().columns, WIDTH)


def reflowed(text: str, width: int = WIDTH) -> str:
    """The paragraphs of a docstring, each wrapped to a width; indented lines, such as commands, stay as they are.

    >>> print(reflowed("A paragraph that was\\nwrapped elsewhere.\\n\\n    hemascope audit cells/"))
    A paragraph that was wrapped elsewhere.
    <BLANKLINE>
        hemascope audit cells/
    """
    paragraphs = re.split(r"\n\s*\n", textwrap.dedent(text).strip("\n"))
    return "\n\n".join(each if each.startswith(" ") else wrapped(" ".join(each.split()), width) for each in paragraphs)


def table(heading: str, rows: Sequence[tuple[str, str]], width: int = WIDTH) -> str:
    """Names of arguments or options, and what they are, below a heading.

    >>> print(table("options", [("-o, --output PATH", "The file."), ("--int8", "In eight bits.")]))
    options:
      -o, --output PATH  The file.
      --int8             In eight bits.
    """
    left = min(max(len(name) for name, _ in rows), _NAMES) + 4
    lines = [f"{heading}:"]
    for name, text in rows:
        beside = wrapped(text, width, indent=" " * left)
        head = f"  {name}"
        lines.append(f"{head:{left}}{beside[left:]}".rstrip() if len(head) + 2 <= left else f"{head}\n{beside}")
    return "\n".join(lines)
