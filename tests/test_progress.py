"""The terminal's bar: what it says of the time left."""

import re
from io import StringIO

import pytest
from rich.console import Console

from hemascope.progress import Terminal


def drawn(terminal: Terminal) -> str:
    out = StringIO()
    Console(file=out, width=120).print(terminal._bar.get_renderable())
    return out.getvalue()


def test_the_time_left_is_told_once_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    terminal = Terminal()
    monkeypatch.setattr(terminal._bar, "get_time", lambda: now)
    terminal.step("training", 100)
    assert "left" not in drawn(terminal)  # it was "left -:--:--"
    terminal.done(0)
    for count in (1, 2, 3):
        now += 45.0  # longer than rich remembers by itself
        terminal.done(count)
        now += 1.0
    assert re.search(r"left 1:1\d:\d\d", drawn(terminal))
    terminal.step("measuring the scores")  # of unknown length
    assert "left" not in drawn(terminal)
