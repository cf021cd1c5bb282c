"""Images out of a NumPy .npz, a few rows at a time, however large the arrays are."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.lib import format as npy

from hemascope.data.decode import decode_array
from hemascope.errors import DecodeError

_READ = 1 << 20  # bytes unpacked at a time
_BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def is_npz(path: str) -> bool:
    """Whether the name is that of a .npz file."""
    return path.lower().endswith(".npz")


def images(path: str) -> Iterator[tuple[str, np.ndarray | DecodeError]]:
    """The rows of the arrays ``images`` and ``*_images`` (MedMNIST's layout), in the file's order.

    Rows are unpacked as they are asked for; the array is never in memory as a whole.

    Yields:
        the row's name ``array/number`` and its pixels, uint8 (h, w, 3); an array or a file that cannot be
        read, or a remainder lost to damage, gives one DecodeError instead.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            if not members:
                found = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
                raise ValueError(f"holds no array called images or *_images, but: {found or 'nothing'}")
            for member in members:
                yield from _rows(archive, member, path)
    except _BROKEN as problem:
        yield "", DecodeError(f"{path}: {_reason(problem)}")


def count(path: str) -> int | None:
    """How many items `images` gives if nothing in the file is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            total = 0
            for member in _members(archive):
                with archive.open(member) as file:
                    total += _header(file)[0][0]
            return total
    except _BROKEN:
        return None


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if name == "images.npy" or name.endswith("_images.npy")]


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of a stack of images whose rows follow one another."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype != np.uint8 or len(shape) not in (3, 4) or 0 in shape[1:]:
        raise ValueError(f"is {dtype} {shape}, not uint8 (n, h, w) or (n, h, w, channels)")
    if fortran:
        raise ValueError("is stored in Fortran order; save it again with numpy.ascontiguousarray")
    return shape, dtype


def _rows(archive: zipfile.ZipFile, member: str, path: str) -> Iterator[tuple[str, np.ndarray | DecodeError]]:
    array = member.removesuffix(".npy")
    done = -1
    try:
        with archive.open(member) as file:
            shape, _ = _header(file)
            done = 0
            row_bytes = int(np.prod(shape[1:]))
            at_once = max(1, _READ // row_bytes)
            while done < shape[0]:
                rows = min(at_once, shape[0] - done)
                data = file.read(rows * row_bytes)
                if len(data) < rows * row_bytes:
                    raise ValueError("the data break off")
                for row in np.frombuffer(data, np.uint8).reshape(rows, *shape[1:]):
                    name = f"{array}/{done}"
                    done += 1
                    try:
                        yield name, decode_array(row, f"{path}#{name}")
                    except DecodeError as problem:
                        yield name, problem
    except _BROKEN as problem:
        name = array if done < 0 else f"{array}/{done}"
        lost = "" if done < 0 else " (this row and all after it are lost)"
        yield name, DecodeError(f"{path}#{name}: {_reason(problem)}{lost}")


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
