"""Images out of a tar archive, plain or compressed, read once from front to end."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from hemascope.data.decode import IMAGE_SUFFIXES
from hemascope.errors import DecodeError

_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


def is_tar(path: str) -> bool:
    """Whether the name is that of a tar archive."""
    return path.lower().endswith(_SUFFIXES)


def images(path: str) -> Iterator[tuple[str, bytes | DecodeError]]:
    """The files in the archive that have an image's suffix and no leading dot, in the archive's order.

    Yields:
        the member's name and its encoded bytes; a damaged archive ends with one DecodeError of the name "".
    """
    done = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in _members(archive):
                file = archive.extractfile(member)
                if file is not None:
                    yield member.name, file.read()
                    done += 1
            # tarfile takes an archive cut off between two members, or in a header, for a whole one. A whole one
            # ends in a block of zeros, which the attempt to read another header has consumed.
            if archive.fileobj.tell() < archive.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it has no end mark, so it is probably cut off")
    except _BROKEN as problem:
        reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        after = f" (after {done} images)" if done else ""
        yield "", DecodeError(f"{path}: the archive cannot be read: {reason}{after}")


def count(path: str) -> int | None:
    """How many images a plain archive holds; None for a compressed one, which would have to be unpacked."""
    if not path.lower().endswith(".tar"):
        return None
    try:
        with tarfile.open(path, "r:") as archive:
            return sum(1 for _ in _members(archive))
    except _BROKEN:
        return None


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        name = PurePosixPath(member.name)
        if member.isreg() and name.suffix.lower() in IMAGE_SUFFIXES and not name.name.startswith("."):
            yield member
        archive.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member: memory would grow with the archive
