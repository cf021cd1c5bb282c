"""Writing files whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hemascope.errors import HemascopeError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write; it takes the place of ``path`` when the block succeeds.

    A block that raises, or a process that is killed, leaves the former ``path`` as it was.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic(folder / "note.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "note.txt").read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes files private; ours are ordinary ones
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_folder(folder: Path) -> None:
    """Make sure, before any work is done for it, that files can be written into a folder, which need not exist.

    Raises:
        HemascopeError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise HemascopeError(f"{folder} is a file", "Name a folder with -o.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
