"""The console that results and progress are drawn on: rich's, but what it is given is text and controls nothing."""

from collections.abc import Iterable
from typing import IO

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from hemascope.shown import visible, wrapped


class Console(RichConsole):
    """rich's console, on which a file's name or a model's text cannot move the cursor or change the colours."""

    @property
    def file(self) -> IO[str]:
        """The stream itself, which takes rich's own escape sequences, also where `cli` has one that takes none."""
        file = super().file
        return getattr(file, "rich_proxied_file", file)

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def say(self, text: str) -> None:
        """Print a sentence: on a terminal in lines that end between words, elsewhere in one line."""
        lines = wrapped(text, self.width) if self.is_terminal else text
        self.print(lines, markup=False, highlight=False, soft_wrap=True)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of a renderable, called by rich; all but rich's own controls are made `visible`."""
        for piece in super().render(renderable, options):
            text = piece.text if piece.control else visible(piece.text)
            yield piece if text == piece.text else Segment(text, piece.style)
