"""Writing files whole or not at all, and saying what keeps them from being written."""

import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hemascope.errors import HemascopeError, WriteError

if sys.platform != "win32":
    import fcntl
    import resource


@contextmanager
def atomic(path: Path, *, then: str = "") -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write; it takes the place of ``path`` when the block succeeds.

    A block that raises, or a process that is killed, leaves the former ``path`` as it was. The temporary file of a
    killed one is removed by the next that writes ``path``.

    Args:
        path: of the file; its folder is made where it is not there.
        then: what to do once it can be written, for the error.

    Raises:
        WriteError: it cannot be written.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic(folder / "note.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "note.txt").read_text()
    'whole'
    """
    path = Path(path)
    with writing(path, then=then):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
        handle, temporary = _begin(path)
    try:
        with writing(path, then=then, handle=handle):
            temporary.chmod(0o666 & ~_umask())  # mkstemp makes files private; ours are ordinary ones
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is needed for a while only.

    Raises:
        WriteError: it cannot be made, or the block raised an OSError.
    """
    with writing(Path(tempfile.gettempdir()), then="TMPDIR names it."), tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def writing(path: Path, *, then: str = "", handle: int | None = None) -> Iterator[None]:
    """Say in words what keeps the block from writing ``path``: what is full, where, and what to do.

    Libraries hide the machine's error behind their own (torch raises a RuntimeError where the disk is full). With
    ``handle`` it is asked for once more, by writing to that file.

    Args:
        path: of the file that the block writes, or of its folder.
        then: what to do once it can be written, for the error.
        handle: the file that is written in its stead, open.

    Raises:
        WriteError: the block raised an OSError, or another error while nothing could be written.

    >>> with writing(Path("gone/note.txt")):
    ...     Path("gone/note.txt").write_text("")
    Traceback (most recent call last):
    hemascope.errors.WriteError: gone/note.txt: cannot be written (No such file or directory). Name another place.
    """
    try:
        yield
    except HemascopeError:
        raise
    except Exception as problem:
        said = problem if isinstance(problem, OSError) else None
        cause = said if said and said.errno else _refusal(handle) or said
        if cause is None:
            raise
        raise write_error(cause, path, then) from problem


def is_of_writing(problem: OSError) -> bool:
    """Whether an error of the machine can come of writing alone: a disk or a quota that is full, or a limit.

    >>> is_of_writing(OSError(errno.ENOSPC, "")), is_of_writing(OSError(errno.ENOENT, ""))
    (True, False)
    """
    return problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def write_error(problem: OSError, path: Path, then: str = "") -> WriteError:
    """What the machine says of ``path``, in words."""
    path = Path(path)
    reason, remedy = f"cannot be written ({problem.strerror or problem})", "Name another place."
    if problem.errno == errno.ENOSPC:
        reason = f"cannot be written: the disk of {_disk(path)} is full ({_room(path)})"
        remedy = "Make room there, or name a place on another disk."
    elif problem.errno == errno.EDQUOT:
        reason = f"cannot be written: what you may store on the disk of {_disk(path)} (your quota) is used up"
        remedy = "Delete files of yours there, or name a place on another disk."
    elif problem.errno == errno.EFBIG:
        reason = f"cannot be written: larger than a file may be here{_largest()}"
        remedy = "Raise the limit (ulimit -f unlimited), or name a place on another disk."
    elif problem.errno == errno.EROFS:
        reason = f"cannot be written: the disk of {_disk(path)} is read-only"
        remedy = "Name a place that may be written."
    elif problem.errno in (errno.EACCES, errno.EPERM):
        reason = "cannot be written: you lack the permission"
        remedy = "Change the permissions of its folder, or name another place."
    return WriteError(f"{path}: {reason}", f"{remedy} {then}".rstrip())


def check_folder(folder: Path) -> None:
    """Make sure, before any work is done for it, that files can be written into a folder, which need not exist.

    Raises:
        HemascopeError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise HemascopeError(f"{folder} is a file", "Name a folder with -o.")


# A lock tells a temporary file that is being written from one that a killed process left: it goes with its process.
_MARK = ".tmp"


def _begin(path: Path) -> tuple[int | None, Path]:
    """A new temporary file of ``path``, locked by the handle; none on Windows, where it would be in the way."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=f"{_MARK}{path.suffix}")
        if sys.platform == "win32":
            os.close(handle)
            return None, Path(name)
        if _lock(handle) and os.fstat(handle).st_nlink:  # else another took it for one that was left
            return handle, Path(name)
        os.close(handle)


def _remove_left(path: Path) -> None:
    """Remove the temporary files of ``path`` that killed processes left."""
    if sys.platform == "win32":
        return
    left = re.compile(rf"\.{re.escape(path.stem)}-[a-z0-9_]{{8}}{re.escape(_MARK + path.suffix)}")
    for found in path.parent.iterdir():
        if left.fullmatch(found.name):
            with suppress(OSError), found.open("rb") as file:
                if _lock(file.fileno()):
                    found.unlink()


def _lock(handle: int) -> bool:
    """Take a file's lock; False where another has it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _refusal(handle: int | None) -> OSError | None:
    """What the machine says to some more bytes in a file; None where it takes them."""
    if handle is None:
        return None
    try:
        os.lseek(handle, 0, os.SEEK_END)
        os.write(handle, bytes(1 << 16))
        os.fsync(handle)
    except OSError as problem:
        return problem
    return None


def _disk(path: Path) -> Path:
    """The folder at which the disk of a path is mounted."""
    at = path.absolute()
    while not at.is_mount() and at != at.parent:
        at = at.parent
    return at


def _room(path: Path) -> str:
    disk = _disk(path)
    if sys.platform != "win32" and os.statvfs(disk).f_favail == 0:
        return "it can hold no more files"
    return f"{shutil.disk_usage(disk).free / 1e6:,.0f} MB free"


def _largest() -> str:
    """The limit of this process, in words, where it has one."""
    if sys.platform == "win32":
        return ""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return "" if limit == resource.RLIM_INFINITY else f" (this process is limited to {limit / 1e6:,.1f} MB)"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
