"""One run at a time into an output: who comes second is told who is at it."""

import contextlib
import getpass
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.errors import SourceError
from hemascope.files import writing

if TYPE_CHECKING:
    from filelock import FileLock


@contextlib.contextmanager
def alone(output: Path, command: str = "hemascope predict") -> Iterator[None]:
    """Keep other runs, of this process and others, from an output.

    The machine frees it when the process ends, however that comes. Where a disk knows no locks there is none.

    Args:
        output: the table, whose folder is made; ``.out.csv.lock`` beside it says who is at it, and goes at the end.
        command: what others are told is at it.

    Raises:
        SourceError: another run is at it.
        WriteError: nothing can be written there.
    """
    from filelock import FileLock

    path = output.with_name(f".{output.name}.lock")
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        with writing(output):
            path.parent.mkdir(parents=True, exist_ok=True)
            if _took(lock, output, path, command):
                path.write_text(_me(), encoding="utf-8")
        yield
    finally:
        if lock.is_locked:
            with contextlib.suppress(OSError):  # Windows deletes it when it is freed
                path.unlink()  # before it is freed: filelock sees that a file it waited for is gone
            lock.release()


def _took(lock: "FileLock", output: Path, path: Path, command: str) -> bool:
    """Take the lock; False where the disk knows none.

    Raises:
        SourceError: another run has it.
    """
    from filelock import Timeout

    try:
        lock.acquire()
    except Timeout as problem:
        raise SourceError(
            f"{output}: another {command} is writing this ({_who(path)})",
            "Let it end, or give another name with -o.",
        ) from problem
    except OSError:
        if not path.exists():
            raise
        path.unlink()
        return False
    return True


def _me() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may have no such user
        user = "somebody"
    return f"process {os.getpid()} of {user} on {socket.gethostname()}, since {time.strftime('%H:%M')}"


def _who(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() or "it has just begun"
    except (OSError, UnicodeDecodeError):  # Windows lets nobody read it
        return "who is not known"
