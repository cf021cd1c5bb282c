"""Images in a zip archive: all of them in its order, or one by its name."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from hemascope.data.decode import decode
from hemascope.data.kinds import is_image
from hemascope.data.regular import require_regular, to_open, too_large
from hemascope.data.visible import inner_parts
from hemascope.errors import DecodeError, SourceError

_BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def images(path: str) -> Iterator[tuple[str, bytes | DecodeError]]:
    """The visible files in the archive that have an image's suffix, in the archive's order.

    Yields:
        the member's name and its encoded bytes, or why it cannot be read; an archive that is none gives one
        DecodeError of the name "".
    """
    try:
        archive = _opened(path)
    except SourceError as problem:
        yield "", DecodeError(problem.problem)
        return
    with archive:
        for member in _files(archive):
            if is_image(member.filename):
                try:
                    yield member.filename, _read(archive, member, path)
                except DecodeError as problem:
                    yield member.filename, problem


def names(path: str) -> Iterator[str]:
    """Names of the visible files in the archive, whatever their suffix, in the archive's order.

    Raises:
        SourceError: not an archive.
    """
    with _opened(path) as archive:
        for member in _files(archive):
            yield member.filename


def count(path: str) -> int | None:
    """How many images `images` gives."""
    try:
        return sum(map(is_image, names(path))) or 0
    except SourceError:
        return 1


class Zip:
    """An archive open for single images; members are the names in it, of equal ones the first."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._archive = _opened(path)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in _files(self._archive):
            self._members.setdefault(member.filename, member)

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What decodes one image, to be run in any thread; its bytes are read at once."""
        name = f"{self.path}#{member}"
        if member not in self._members:
            raise DecodeError(f"{name}: no such file in the archive")
        data = _read(self._archive, self._members[member], self.path)
        return lambda: decode(data, name=name)

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()


def _opened(path: str) -> zipfile.ZipFile:
    """The archive.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        require_regular(path)
        return zipfile.ZipFile(to_open(path))
    except _BROKEN as problem:
        reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        raise SourceError(
            f"{path}: the archive cannot be read: {reason}", "Fetch or write the file again."
        ) from problem


def _files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (member for member in archive.infolist() if inner_parts(member.filename) and not member.is_dir())


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> bytes:
    name = f"{path}#{member.filename}"
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DecodeError(f"{name}: a link, not a file; pack the files themselves")
    if large := too_large(member.file_size):
        raise DecodeError(f"{name}: {large}")
    try:
        return archive.read(member)
    except _BROKEN as problem:  # damaged, encrypted, or packed in a way that is not known
        raise DecodeError(f"{name}: {problem}") from problem
