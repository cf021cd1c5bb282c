"""What of a picture's file is not read, further pages, frames and channels, gathered where its pixels are asked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

NAMED = 3
"""Files that are named in a line."""

_gathered: ContextVar[list[str] | None] = ContextVar("left_out", default=None)


@contextmanager
def left_out() -> Iterator[list[str]]:
    """Gather what `hemascope.data.decode.decode` leaves out in this thread.

    >>> with left_out() as found:
    ...     note("its first frame is read, the others are left out")
    >>> found
    ['its first frame is read, the others are left out']
    """
    found: list[str] = []
    token = _gathered.set(found)
    try:
        yield found
    finally:
        _gathered.reset(token)


def wanted() -> bool:
    """Whether anybody gathers it."""
    return _gathered.get() is not None


def note(text: str) -> None:
    """Say what is left out of the picture at work."""
    found = _gathered.get()
    if found is not None and text:
        found.append(text)


def line(found: Mapping[str, str]) -> str:
    """What is left out, of files by name, as one line; "" where it is nothing.

    >>> line({"a.tif": "its first page is read, the others are left out"})
    '1 file holds more than is read of it: a.tif (its first page is read, the others are left out)'
    """
    if not found:
        return ""
    files = (
        "1 file holds more than is read of it" if len(found) == 1 else f"{len(found):,} files hold more than is read"
    )
    named = [f"{name} ({text})" for name, text in list(found.items())[:NAMED]]
    return f"{files}: {', '.join(named)}{', ...' * (len(found) > NAMED)}"
