"""How far a long job is: what the jobs report, and who shows it: nobody, a terminal or a notebook.

A job takes ``progress`` and reports to it; without one it is silent. A function that does a step's work names the step
itself, so that whoever calls it only hands ``progress`` on.
"""

from __future__ import annotations

import html
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from rich.progress import TaskID


class Progress(Protocol):
    """What a job reports while it runs."""

    def step(self, name: str, total: int | None = None) -> None:
        """A step began, and the one before it is over; ``total`` is None where its length is unknown."""

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """So many of so many are done; ``total`` where it was not known before, ``note`` says what is at work."""

    def say(self, message: str) -> None:
        """A line worth keeping: what was found, left out, or finished."""


class Silent:
    """Reports to nobody.

    >>> SILENT.step("reading images", 3)
    """

    def step(self, name: str, total: int | None = None) -> None:
        """Say nothing."""

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """Say nothing."""

    def say(self, message: str) -> None:
        """Say nothing."""


SILENT = Silent()
"""What jobs report to unless told otherwise."""


class Terminal:
    """A bar for the step at work on stderr, gone when it is over, and the lines above it.

    Where stderr is no terminal (a log file, a pipe) there are the lines alone. A context manager: the bar is taken
    away also after an error.

    >>> with Terminal() as progress:
    ...     progress.step("reading images", 3)
    ...     progress.done(3)
    """

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        from hemascope.terminal import Console

        self._console = Console(stderr=True, emoji=False)
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _time_left(),
            speed_estimate_period=_LONG,
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._name = ""
        self._task: TaskID | None = None

    def step(self, name: str, total: int | None = None) -> None:
        """Show a new bar in place of the one before."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._name = name
        self._task = self._bar.add_task(name, total=total)
        self._bar.start()

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """Move the bar."""
        if self._task is None:
            self.step("")
        assert self._task is not None
        self._bar.update(self._task, completed=count, total=total, description=f"{self._name} {note}".strip())

    def say(self, message: str) -> None:
        """Print a line."""
        self._console.say(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


_LONG = 3600.0
"""Seconds whose counts tell the speed: a step of a training on a busy machine may take half a minute."""


def _time_left() -> Any:
    """A column with the time left where it is known, and with nothing where it is not."""
    from rich.progress import TimeRemainingColumn
    from rich.text import Text

    class TimeLeft(TimeRemainingColumn):
        def render(self, task: Any) -> Text:
            known = task.total is not None and task.time_remaining is not None
            return Text("left ", style="progress.remaining") + super().render(task) if known else Text()

    return TimeLeft()


class Notebook:
    """A bar below the cell of a Jupyter notebook, gone when the cell is over, and the lines above it."""

    def __init__(self) -> None:
        if "IPython" not in sys.modules:
            from hemascope.errors import HemascopeError

            raise HemascopeError("this is no notebook", "Show progress by hemascope.progress.Terminal().")
        self._lines: list[str] = []
        self._name, self._note, self._count = "", "", 0
        self._total: int | None = None
        self._shown = 0.0
        self._handle: Any = None
        self._shell: Any = sys.modules["IPython"].get_ipython()  # None where no notebook runs
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._over)

    def step(self, name: str, total: int | None = None) -> None:
        """Show a new bar in place of the one before."""
        self._name, self._total, self._count, self._note = name, total, 0, ""
        self._show()

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """Move the bar, at most some times a second."""
        self._count, self._note = count, note
        self._total = total if total is not None else self._total
        if count == self._total or time.monotonic() - self._shown > 0.2:
            self._show()

    def say(self, message: str) -> None:
        """Add a line."""
        self._lines.append(message)
        self._show()

    def _over(self, _: object) -> None:
        """Take the bar away, called by IPython after the cell."""
        self._shell.events.unregister("post_run_cell", self._over)
        self._name = ""
        if self._handle is not None:
            self._show()

    def _show(self) -> None:
        from IPython.display import HTML, display

        self._shown = time.monotonic()
        count = f"{self._count:,}" if self._total is None else f"{self._count:,} of {self._total:,}"
        if not (self._count or self._total):  # a step of unknown length, which counts nothing yet
            count = ""
        bar = f'<progress value="{self._count}" max="{self._total}"></progress> ' if self._total else ""
        words = " ".join(filter(None, (html.escape(self._name), html.escape(self._note), count)))
        now = f"{bar}{words}" if self._name else ""
        lines = "".join(f"{html.escape(line)}<br>" for line in self._lines)
        page = HTML(f'<div style="font-family:monospace">{lines}{now}</div>')
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)
