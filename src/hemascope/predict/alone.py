"""One run at a time into an output: who comes second is told who is at it."""

import contextlib
import getpass
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from hemascope.errors import SourceError


@contextlib.contextmanager
def alone(output: Path) -> Iterator[None]:
    """Keep other runs, of this process and others, from an output.

    The machine frees it when the process ends, however that comes. Where a disk knows no locks there is none.

    Args:
        output: the table; beside it ``.out.csv.lock`` says who is at it, and is deleted at the end.

    Raises:
        SourceError: another run is at it.
    """
    from filelock import FileLock, Timeout

    path = output.with_name(f".{output.name}.lock")
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as problem:
        raise SourceError(
            f"{output}: another hemascope predict is writing this ({_who(path)})",
            "Let it end, or give another name with -o.",
        ) from problem
    except OSError:
        if not path.exists():
            raise
        path.unlink()
        yield
        return
    try:
        path.write_text(f"process {os.getpid()} of {_user()} on {socket.gethostname()}, since {time.strftime('%H:%M')}")
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows deletes it when it is freed
            path.unlink()  # before it is freed: filelock sees that a file it waited for is gone
        lock.release()


def _who(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() or "it has just begun"
    except (OSError, UnicodeDecodeError):  # Windows lets nobody read it
        return "who is not known"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have no such user
        return "somebody"
