"""Images in Arrow files, as the library `datasets` keeps them: mapped into memory, one image read at a time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from hemascope.data.containers.member import split_member
from hemascope.data.containers.parquet import holds_pictures, picture_of
from hemascope.data.decode import decode
from hemascope.data.kinds import require_writable
from hemascope.data.regular import require_regular
from hemascope.errors import DecodeError, SourceError


class Arrow:
    """An Arrow file open for single images; members ``column/row``, rows counted over the whole file."""

    def __init__(self, path: str) -> None:
        self.path = path
        require_writable(path)
        try:
            require_regular(path)
            self._table = _mapped(path)
        except (pa.ArrowException, OSError) as problem:
            raise SourceError(f"{path}: not a readable Arrow file ({problem})") from problem
        self._sound: set[str] = set()

    def columns(self) -> tuple[str, ...]:
        """Names of those that may hold images."""
        return tuple(field.name for field in self._table.schema if holds_pictures(field.type))

    def picture(self, member: str) -> bytes | Path | None:
        """What a row holds: an encoded image, a file beside, or nothing.

        Raises:
            DecodeError: there is no such row of images.
        """
        (column, row), name = split_member(member, self.path), f"{self.path}#{member}"
        if column not in self.columns():
            raise DecodeError(f"{name}: the file has no such column of images")
        cells = self._table.column(column)
        if row >= len(cells):
            raise DecodeError(f"{name}: the file has fewer rows")
        try:
            if column not in self._sound:
                cells.validate(full=True)  # places beyond the file's end would not be an error but the process's
                self._sound.add(column)
            return picture_of(cells[row].as_py(), Path(self.path).parent)
        except (pa.ArrowException, ValueError) as problem:
            raise DecodeError(f"{name}: {problem}") from problem

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What decodes one image, to be run in any thread; its bytes are read at once."""
        picture, name = self.picture(member), f"{self.path}#{member}"
        if picture is None:
            raise DecodeError(f"{name}: no image in this row")
        return lambda: decode(picture, name=name)

    def close(self) -> None:
        """Let go of the file."""
        self._table = self._table.slice(0, 0)


def _mapped(path: str) -> pa.Table:
    """The file's table, without reading it: a stream, as `datasets` writes, or a file of Arrow's own."""
    source = pa.memory_map(path)
    try:
        return pa.ipc.open_stream(source).read_all()
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_file(source).read_all()
