"""Parts of a journal, each with its length and checksum before it, so that one half written or changed is seen."""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import IO

_BEFORE = struct.Struct("<II")  # length and CRC-32 of a part


def part(content: bytes) -> bytes:
    """Content as it is written.

    >>> len(part(b"cells"))
    13
    """
    return _BEFORE.pack(len(content), zlib.crc32(content)) + content


def parts(file: IO[bytes]) -> Iterator[bytes]:
    """The parts from here on, up to the first that is not as it was written; the file stands behind the last given."""
    size = os.fstat(file.fileno()).st_size
    while len(before := file.read(_BEFORE.size)) == _BEFORE.size:
        length, checksum = _BEFORE.unpack(before)
        if not 0 < length <= size - file.tell():  # a power cut leaves zeros, which have the checksum of nothing
            return
        content = file.read(length)
        if zlib.crc32(content) != checksum:
            return
        yield content
