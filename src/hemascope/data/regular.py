"""Files of data are regular files of a bounded size: no pipe or device, and nothing endless."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hemascope.data.remote.url import is_url

MAX_PIXELS = 25_000_000
"""Pictures larger than this are refused before they are unpacked: a small file may claim to be any size.

A cell has 0.1 megapixels, a field of a microscope's camera 3 to 12; a picture of 25 takes some 0.5 GB to unpack.
"""

MAX_BYTES = 256 << 20
"""The largest encoded picture that is read, in bytes."""

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def require_regular(path: Path | str) -> int:
    """Make sure, before it is opened, that a path leads to a regular file; gives its size in bytes.

    Raises:
        OSError: it does not, or to nothing.

    >>> require_regular(__file__) > 0
    True
    """
    if is_url(str(path)):
        return _require_remote(str(path))
    about = Path(path).stat()
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(about.st_mode):
        what = next((words for is_kind, words in _KINDS if is_kind(about.st_mode)), "something else")
        raise OSError(f"{what}, not a file")
    return about.st_size


def is_there(path: Path | str) -> bool:
    """Whether a path leads anywhere: not where it is too long, or cannot be one. A URL is taken to: to ask takes time.

    >>> is_there(__file__), is_there("x" * 5000), is_there(chr(0))
    (True, False, False)
    """
    if is_url(str(path)):
        return True
    try:
        Path(path).stat()
    except (OSError, ValueError):
        return False
    return True


def is_file(path: Path | str) -> bool:
    """Whether a path leads to a regular file; a URL is taken to."""
    return is_url(str(path)) or (is_there(path) and Path(path).is_file())


def version(url: str) -> str:
    """What changes when a file elsewhere does; "" where its store does not tell."""
    from hemascope.data.remote.reading import about
    from hemascope.data.remote.trouble import RemoteError

    try:
        found = about(url)
    except RemoteError:
        return ""
    return f"{found.version} {found.size}" if found.version else ""


def read_picture(path: Path | str) -> bytes:
    """The bytes of a picture's file, which may lie elsewhere.

    Raises:
        OSError: it cannot be read, is no regular file, or is of more than ``MAX_BYTES``.
    """
    if is_url(str(path)):
        from hemascope.data.remote.reading import read

        with _said():
            data = read(str(path), MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise OSError(f"larger than the {MAX_BYTES >> 20} MiB of a picture")
        return data
    size = require_regular(path)
    problem = too_large(size)
    if problem:
        raise OSError(problem)
    with Path(path).open("rb", buffering=0) as file:
        return file.read(size)  # no more is made room for than there is: that takes as long as a cell's file to read


def to_open(path: Path | str) -> Any:
    """What a library is to open: the path of a file of this machine, or a file elsewhere, open and read by parts.

    Raises:
        OSError: the file elsewhere cannot be opened.
    """
    if not is_url(str(path)):
        return path
    from hemascope.data.remote.file import RemoteFile

    with _said():
        return RemoteFile(str(path))


def _require_remote(url: str) -> int:
    """The size of a file elsewhere; 0 where its server does not tell."""
    from hemascope.data.remote.reading import about

    with _said():
        found = about(url)
    if found.is_folder:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return found.size or 0


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """What a store says, as an OSError without the name, as of a file of this machine."""
    from hemascope.data.remote.trouble import RemoteError

    try:
        yield
    except RemoteError as problem:
        raise OSError(problem.row) from None


def too_large(size: int) -> str:
    """Why a picture of so many bytes is not read; "" where it is.

    >>> too_large(1000), too_large(1 << 30)
    ('', 'its 1,024 MiB are more than the 256 MiB of a picture')
    """
    return f"its {size / 2**20:,.0f} MiB are more than the {MAX_BYTES >> 20} MiB of a picture" * (size > MAX_BYTES)
