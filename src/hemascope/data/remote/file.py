"""A file elsewhere as an open file: parts of it are read as they are asked for, and ahead where it is read on."""

import io
import threading
from collections import OrderedDict
from concurrent.futures import Future

from hemascope.data.remote.pool import readers
from hemascope.data.remote.reading import about, read_part
from hemascope.data.remote.trouble import RemoteError, Trouble
from hemascope.data.remote.url import named

_BLOCK = 1 << 20
_KEPT = 16  # blocks
_AHEAD = 4  # blocks


class RemoteFile(io.RawIOBase):
    """A file elsewhere, open for reading in any order, by several threads in turn; at most 20 MiB of it are held.

    Args:
        url: of the file.

    Raises:
        RemoteError: there is none, a folder, or one whose server does not tell its size.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.name = named(url)
        found = about(self.name)
        if found.is_folder:
            raise RemoteError(self.name, Trouble("a folder, not a file", "Name a file."))
        if found.size is None:
            raise RemoteError(
                self.name,
                Trouble(
                    "the server does not tell its size, so no part of it can be read", "Fetch it and name the copy."
                ),
            )
        self.size = found.size
        self._place = 0
        self._last = -1
        self._blocks: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._lock = threading.RLock()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is read."""
        with self._lock:
            place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
            if place < 0:
                raise OSError("a place before the file")
            self._place = place
        return place

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Fill a buffer, as far as the file goes.

        Raises:
            OSError: the reason, without the name, as files have it.
        """
        with self._lock:
            view = memoryview(buffer).cast("B")
            data = self.at(self._place, len(view))
            view[: len(data)] = data
            self._place += len(data)
        return len(data)

    def at(self, start: int, size: int) -> bytes:
        """Some bytes from a place on, fewer where the file ends.

        Raises:
            OSError: the reason.
        """
        end = min(start + size, self.size)
        pieces = []
        while start < end:
            number = start // _BLOCK
            block = self._block(number)
            piece = block[start - number * _BLOCK : end - number * _BLOCK]
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Let go of what is held."""
        with self._lock:
            for block in self._blocks.values():
                block.cancel()
            self._blocks.clear()
        super().close()

    def _block(self, number: int) -> bytes:
        with self._lock:
            reads_on = number in (self._last, self._last + 1)
            self._last = number
            for each in range(number, number + 1 + _AHEAD * reads_on):
                self._begin(each)
            waiting = self._blocks[number]
            self._blocks.move_to_end(number)
            while len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)[1].cancel()
        try:
            return waiting.result()
        except RemoteError as problem:
            with self._lock:
                self._blocks.pop(number, None)
            raise OSError(problem.row) from None

    def _begin(self, number: int) -> None:
        """Have a block read, unless it is there."""
        start = number * _BLOCK
        if number not in self._blocks and start < self.size:
            end = min(start + _BLOCK, self.size)
            self._blocks[number] = readers().submit(read_part, self.name, start, end, self.size)
