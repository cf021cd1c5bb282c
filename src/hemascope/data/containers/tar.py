"""Images in a tar archive, plain or compressed: all of them, read once from front to end, or one by its name."""

import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from hemascope.data.decode import decode
from hemascope.data.kinds import is_image
from hemascope.data.regular import require_regular, to_open, too_large
from hemascope.data.visible import inner_parts
from hemascope.errors import DecodeError, SourceError

_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, RecursionError)
_HEADER = 1 << 20  # bytes of a member's header: its names, attributes and the map of a sparse file


def images(path: str) -> Iterator[tuple[str, bytes | DecodeError]]:
    """The visible files in the archive that have an image's suffix, in the archive's order.

    Yields:
        the member's name and its encoded bytes; a damaged archive ends with one DecodeError of the name "".
    """
    done = 0
    try:
        require_regular(path)
        with _archive(path, "r|*") as archive:
            for member in _files(archive):
                if not is_image(member.name):
                    continue
                problem = _refusal(member)
                file = None if problem else archive.extractfile(member)
                yield member.name, DecodeError(f"{path}#{member.name}: {problem}") if file is None else file.read()
                done += 1
            _require_end(archive)
    except _BROKEN as problem:
        after = f" (after {done} images)" if done else ""
        yield "", DecodeError(f"{path}: the archive cannot be read: {_reason(problem)}{after}")


def names(path: str) -> Iterator[str]:
    """Names of the visible files in the archive, whatever their suffix, in the archive's order.

    Raises:
        SourceError: not a whole archive.
    """
    try:
        require_regular(path)
        with _archive(path, "r|*") as archive:
            for member in _files(archive):
                yield member.name
            _require_end(archive)
    except _BROKEN as problem:
        raise SourceError(
            f"{path}: the archive cannot be read: {_reason(problem)}", "Fetch or write the file again."
        ) from problem


def count(path: str) -> int | None:
    """How many images a plain archive holds; None for a compressed one, which would have to be unpacked."""
    if not path.lower().endswith(".tar"):
        return None
    try:
        require_regular(path)
        with _archive(path, "r:") as archive:
            return sum(is_image(member.name) for member in _files(archive))
    except _BROKEN:
        return None


def slices(path: str) -> Iterator[tuple[str, int, int, DecodeError | None]]:
    """Where the bytes of the images of a plain archive are, in its order; only the headers are read.

    Yields:
        the member's name, where its bytes start, how many they are, and why it has none; see `images`.
    """
    done = 0
    try:
        length = require_regular(path)
        with tarfile.open(path, "r:", tarinfo=_Member) as archive:
            for member in _files(archive):
                if not is_image(member.name):
                    continue
                problem = _refusal(member)
                if not problem and member.offset_data + member.size > length:
                    raise tarfile.ReadError("unexpected end of data")
                error = DecodeError(f"{path}#{member.name}: {problem}") if problem else None
                yield member.name, member.offset_data, member.size, error
                done += 1
            _require_end(archive)
    except _BROKEN as problem:
        after = f" (after {done} images)" if done else ""
        yield "", 0, 0, DecodeError(f"{path}: the archive cannot be read: {_reason(problem)}{after}")


class _Member(tarfile.TarInfo):
    """A member whose header is of a bounded length: tarfile itself reads names of any, whatever they were packed to."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """The next member; the parts of one header are read by calls inside each other."""
        whole = tarfile.fileobj
        if isinstance(whole, _Header):
            return super().fromtarfile(tarfile)
        tarfile.fileobj = _Header(whole)
        try:
            member = super().fromtarfile(tarfile)
        finally:
            tarfile.fileobj = whole
        _require(sum(map(len, tarfile.pax_headers.values())))
        return member


class _Header:
    """The file of an archive while one header is read."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole
        self._read = 0

    def read(self, size: int) -> bytes:
        """Some bytes."""
        self._read += size
        _require(self._read)
        return self._whole.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def _require(size: int) -> None:
    if size > _HEADER:
        raise tarfile.ReadError(f"a header of more than {_HEADER:,} bytes")


class _Place(NamedTuple):
    start: int
    size: int
    problem: str


class Tar:
    """An archive open for single images; members are the names in it, of equal ones the first.

    Members asked for in the archive's order are read in one go; a compressed archive is unpacked anew for one that
    lies before the last.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            require_regular(path)
            self._archive = _archive(path, "r:*")  # closed by `close`
        except _BROKEN as problem:
            raise SourceError(f"{path}: the archive cannot be read: {_reason(problem)}") from problem
        self._files = _files(self._archive)
        self._places: dict[str, _Place] = {}

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What decodes one image, to be run in any thread; its bytes are read at once."""
        name = f"{self.path}#{member}"
        try:
            place = self._find(member)
            if place is None:
                raise DecodeError(f"{name}: no such file in the archive")
            if place.problem:
                raise DecodeError(f"{name}: {place.problem}")
            file = self._archive.fileobj
            assert file is not None
            file.seek(place.start)
            data = file.read(place.size)
        except _BROKEN as problem:
            raise DecodeError(f"{name}: the archive cannot be read: {_reason(problem)}") from problem
        return lambda: decode(data, name=name)

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    def _find(self, member: str) -> _Place | None:
        while member not in self._places:
            found = next(self._files, None)
            if found is None:
                return None
            self._places.setdefault(found.name, _Place(found.offset_data, found.size, _refusal(found)))
        return self._places[member]


def _archive(path: str, mode: Literal["r|*", "r:", "r:*"]) -> tarfile.TarFile:
    file = to_open(path)
    if isinstance(file, str):
        return tarfile.open(file, mode, tarinfo=_Member)
    return tarfile.open(fileobj=io.BufferedReader(file, 1 << 16), mode=mode, tarinfo=_Member)


def _files(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        # A link that is called like a picture is one that somebody misses: it gets its row.
        wanted = member.isreg() or (not member.isdir() and is_image(member.name))
        if wanted and inner_parts(member.name):
            yield member
        archive.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member: memory would grow with the archive


def _refusal(member: tarfile.TarInfo) -> str:
    """Why a member is not read, "" where it is."""
    if member.islnk() or member.issym():
        remedy = "pack the files themselves (tar --dereference --hard-dereference)"
        return f"a link to {member.linkname!r}, not a file; {remedy}"
    if not member.isreg():
        return "not a regular file"
    if member.issparse():
        return "a sparse file; pack it without --sparse"
    return too_large(member.size)


def _require_end(archive: tarfile.TarFile) -> None:
    """Refuse an archive cut off between two members, or in a header, which tarfile takes for a whole one.

    A whole one ends in a block of zeros, which the attempt to read another header has consumed.
    """
    if archive.fileobj.tell() < archive.offset + tarfile.BLOCKSIZE:
        raise tarfile.ReadError("it has no end mark, so it is probably cut off")


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
