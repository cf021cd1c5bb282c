"""Arrays with a row an image that lie on the disk where they would fill the memory."""

import math
import mmap
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.errors import WriteError

IN_MEMORY = 1 << 29
"""Bytes up to which an array is kept in memory."""

_HELD = 1 << 20  # bytes read or written after which the pages of a file are given back: up to 2 MiB come with a row


class DiskArray:
    """An array in a file; rows that are read are copies.

    What was read and written stays in the system's cache of the disk as long as nobody needs that memory, but does not
    count as memory of this process.

    Args:
        shape: of the array, filled with zeros.
        dtype: of its values.
        path: of the file, which other processes then open where they are sent the array; without one the file has no
            name and is gone with the array.
        made: whether ``path`` is there already, with what it holds.

    Raises:
        WriteError: its folder has no room for it.

    >>> array = DiskArray((3, 2), np.uint8)
    >>> array[1] = 7
    >>> array[np.array([1, 0])].tolist(), len(array)
    ([[7, 7], [0, 0]], 3)
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, path: Path | None = None, made: bool = False) -> None:
        self.shape, self.dtype, self._path = shape, np.dtype(dtype), path
        size = max(1, math.prod(shape) * self.dtype.itemsize)
        try:
            named = path.open("r+b" if made else "w+b") if path else None
            with named or tempfile.TemporaryFile(prefix="hemascope-") as file:
                if not made:
                    file.truncate(size)
                    if hasattr(os, "posix_fallocate"):  # else a disk that fills up later would end the process
                        os.posix_fallocate(file.fileno(), 0, size)
                self._map = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise WriteError(
                f"{path.parent if path else tempfile.gettempdir()}: no room for {size / 2**30:.1f} GiB of images "
                f"({error.strerror})",
                "Name another folder" if path else "Free some, or name another folder by the environment's TMPDIR.",
            ) from error
        self._array = np.frombuffer(self._map, self.dtype, math.prod(shape)).reshape(shape)
        self._touched = 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        found = np.array(self._array[key])
        self._touch(found.nbytes)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        self._array[key] = value
        self._touch(self._array[key].nbytes)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._path is None:
            raise TypeError("an array without a file of its own cannot be sent")
        self._map.flush()
        return DiskArray, (self.shape, self.dtype, self._path, True)

    def _touch(self, size: int) -> None:
        self._touched += size
        if self._touched >= _HELD and hasattr(mmap, "MADV_DONTNEED"):
            self._touched = 0
            self._map.madvise(mmap.MADV_DONTNEED)  # of a shared mapping: nothing that was written is lost


Array = np.ndarray | DiskArray
"""What `zeros` gives. Of a `DiskArray` index rows only, and as few as are needed at once."""


def zeros(shape: tuple[int, ...], dtype: Any, in_memory: int | None = None, folder: Path | None = None) -> Array:
    """An array of zeros in memory, or on the disk where it has more than ``in_memory`` bytes (`IN_MEMORY`).

    With a ``folder``, always in a file there.
    """
    if folder is not None:
        return DiskArray(shape, dtype, folder / f"{uuid.uuid4().hex}.array")
    most = IN_MEMORY if in_memory is None else in_memory
    if math.prod(shape) * np.dtype(dtype).itemsize <= most:
        return np.zeros(shape, dtype)
    return DiskArray(shape, dtype)
