"""Standard output and standard error as the commands have them: text only, into a terminal and into a pipe."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

from hemascope.shown import visible


class Visible:
    """A stream that makes what is written to it `visible`; all else is the stream's own.

    Attributes:
        rich_proxied_file: the stream itself, which rich writes its own escape sequences to.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Write a text."""
        self.rich_proxied_file.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts, one after another."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextlib.contextmanager
def visible_streams() -> Iterator[None]:
    """Make all that the block prints visible: names of files, errors, warnings, tracebacks."""
    os.environ.setdefault("PYTHON_COLORS", "0")  # those of Python's own tracebacks and help would be shown as escapes
    with (
        contextlib.redirect_stdout(cast(TextIO, Visible(sys.stdout))),
        contextlib.redirect_stderr(cast(TextIO, Visible(sys.stderr))),
    ):
        yield
