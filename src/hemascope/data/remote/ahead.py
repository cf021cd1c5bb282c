"""Pictures elsewhere, read ahead of whoever takes them, in their order and in bounded memory."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

from hemascope.data.remote.pool import READERS, readers
from hemascope.data.remote.reading import read
from hemascope.data.remote.trouble import RemoteError

T = TypeVar("T")

_HELD = 64 << 20  # bytes, by the largest picture so far
_FIRST, _MOST = READERS, 4 * READERS  # pictures ahead


def read_ahead(rows: Iterable[T], url: Callable[[T], str | None], most: int) -> Generator[tuple[T, bytes | str | None]]:
    """Read the pictures of some rows by several threads.

    Args:
        rows: taken as far ahead as pictures are read.
        url: where the picture of a row is; None where it is not elsewhere.
        most: bytes of a picture; larger ones are not read.

    Yields:
        each row with its picture's bytes, why it cannot be read, or None.
    """
    over = threading.Event()
    waiting: deque[tuple[T, Future[bytes | str] | None]] = deque()
    largest = 0

    def next_one() -> tuple[T, bytes | str | None]:
        nonlocal largest
        row, future = waiting.popleft()
        found = future.result() if future else None
        largest = max(largest, len(found or b""))
        return row, found

    try:
        for row in rows:
            place = url(row)
            waiting.append((row, readers().submit(_read, place, most, over) if place else None))
            room = min(_MOST, max(2, _HELD // largest)) if largest else _FIRST
            while waiting and (len(waiting) >= room or waiting[0][1] is None):
                yield next_one()
        while waiting:
            yield next_one()
    finally:
        over.set()
        for _, future in waiting:
            if future:
                future.cancel()


def _read(url: str, most: int, over: threading.Event) -> bytes | str:
    if over.is_set():
        return "not wanted any more"
    try:
        data = read(url, most, stop=over)
    except RemoteError as problem:
        return problem.row
    return data if len(data) <= most else f"larger than the {most >> 20} MiB of a picture"
