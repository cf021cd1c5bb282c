"""Images in a NumPy .npz: all of them a few rows at a time, however large the arrays are, or one by its place."""

import io
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from hemascope.data.containers.member import split_member
from hemascope.data.decode import decode_array, limit
from hemascope.data.regular import require_regular, to_open, too_large
from hemascope.data.remote.url import is_url
from hemascope.errors import DecodeError, SourceError

_READ = 1 << 20  # bytes unpacked at a time
_HEADER = 10_000  # bytes of an array's header, numpy's own limit
_MAPPED = 1 << 28  # bytes read of an array, after which it is mapped anew: until then they count as memory
_DEFLATED_MOST = 1100  # bytes that one of deflate's can stand for: 1032, and a few
_BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def images(path: str) -> Iterator[tuple[str, np.ndarray | DecodeError]]:
    """The rows of the arrays ``images`` and ``*_images`` (MedMNIST's layout), in the file's order.

    Rows are unpacked as they are asked for; the array is never in memory as a whole.

    Yields:
        the row's name ``array/number`` and its pixels, uint8 (h, w, 3); an array or a file that cannot be
        read, or a remainder lost to damage, gives one DecodeError instead.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(to_open(path)) as archive:
            members = _members(archive)
            if not members:
                found = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
                raise ValueError(f"holds no array called images or *_images, but: {found or 'nothing'}")
            for member in members:
                yield from _rows(archive, member, path)
    except _BROKEN as problem:
        yield "", DecodeError(f"{path}: {_reason(problem)}")


def count(path: str) -> int | None:
    """How many images `images` gives if nothing in the file is damaged."""
    try:
        require_regular(path)
        with zipfile.ZipFile(to_open(path)) as archive:
            total = 0
            for member in _members(archive):
                with archive.open(member) as file:
                    total += _stack(file)[0]
            return total
    except _BROKEN:
        return None


def stacks(path: str) -> dict[str, int] | None:
    """The arrays whose rows `images` gives, and how many each has; None where rows are not to be had one by one.

    That is so of compressed and of damaged files: they are read from front to end.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(to_open(path)) as archive:
            found = {}
            for member in _members(archive):
                with archive.open(member) as file:
                    shape = _stack(file)
                if archive.getinfo(member).compress_type != zipfile.ZIP_STORED or _too_large(shape):
                    return None
                found[member.removesuffix(".npy")] = shape[0]
            return found or None
    except _BROKEN:
        return None


def npy_headers(path: Path | str) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shape and dtype of each array of a .npz, read from the headers only.

    Raises:
        SourceError: not a readable .npz.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(to_open(path)) as archive:
            found = {}
            for entry in archive.infolist():
                if entry.filename.endswith(".npy"):
                    with archive.open(entry) as file:
                        shape, _, dtype = _header(file)
                        _require_room(entry, file.tell() + math.prod(shape) * dtype.itemsize)
                    found[entry.filename.removesuffix(".npy")] = (shape, dtype)
            return found
    except _BROKEN as problem:
        raise SourceError(
            f"{path}: not a readable .npz file ({problem})", "Fetch or write the file again."
        ) from problem


def npy_array(path: Path | str, key: str) -> "np.ndarray | Rows":
    """One array of a .npz: mapped from the disk where it is stored uncompressed, else loaded.

    Of one elsewhere that is stored uncompressed, images are read as they are asked for.

    Raises:
        SourceError: the array is missing, damaged or holds Python objects.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(to_open(path)) as archive:
            entry = archive.getinfo(f"{key}.npy")
            with archive.open(entry) as file:
                shape, fortran, dtype = _header(file)
                start = file.tell()
            elsewhere = is_url(str(path))
            in_one_go = elsewhere and (fortran or len(shape) < 3)
            if entry.compress_type != zipfile.ZIP_STORED or dtype.hasobject or 0 in shape or in_one_go:
                if (needed := math.prod(shape) * dtype.itemsize) > _memory():
                    raise ValueError(f"it unpacks to {needed / 2**30:,.1f} GiB, more than this machine has")
                with np.load(to_open(path), allow_pickle=False) as arrays:
                    return arrays[key]
            raw = archive.fp
            assert raw is not None
            raw.seek(entry.header_offset + 26)  # its own header's name and extra field may differ from the directory's
            lengths = np.frombuffer(raw.read(4), "<u2")
        offset = entry.header_offset + 30 + int(lengths.sum()) + start
        if elsewhere:
            return Rows(raw, dtype, offset, shape)
        return np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    except _BROKEN as problem:
        raise SourceError(f"{path}: the array {key!r} cannot be read ({problem})") from problem


class Rows:
    """A stack of images elsewhere, stored uncompressed, whose rows are read as they are asked for.

    Args:
        file: the .npz, open; what has ``at(start, size)``.
        dtype, offset, shape: of the array in it.
    """

    def __init__(self, file: Any, dtype: np.dtype, offset: int, shape: tuple[int, ...]) -> None:
        self.shape, self.ndim = shape, len(shape)
        self._file, self._dtype, self._offset = file, dtype, offset

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: int) -> np.ndarray:
        size = math.prod(self.shape[1:]) * self._dtype.itemsize
        data = self._file.at(self._offset + row * size, size)
        if len(data) != size:
            raise ValueError("the data break off")
        return np.frombuffer(data, self._dtype).reshape(self.shape[1:])


class Npz:
    """A .npz open for single images; members ``array/index``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._arrays: dict[str, np.ndarray | Rows] = {}
        self._read = 0

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What reads one image, to be run in any thread."""
        key, row = split_member(member, self.path)
        if key not in self._arrays:
            self._arrays[key] = npy_array(self.path, key)
        array = self._arrays[key]
        if array.ndim == 0 or row >= len(array):
            raise DecodeError(f"{self.path}#{member}: the array has {len(array) if array.ndim else 'no'} images")
        if large := _too_large(array.shape):
            raise DecodeError(f"{self.path}#{member}: {large}")
        if isinstance(array, np.memmap):
            self._read += array.nbytes // len(array)
        if self._read > _MAPPED:
            self._read = 0
            self._arrays = {name: kept for name, kept in self._arrays.items() if not isinstance(kept, np.memmap)}
        return lambda: self._image(array, row, f"{self.path}#{member}")

    @staticmethod
    def _image(array: np.ndarray | Rows, row: int, name: str) -> np.ndarray:
        try:
            return decode_array(array[row], name)
        except (OSError, ValueError) as problem:  # of a file elsewhere
            raise DecodeError(f"{name}: {_reason(problem)}") from problem

    def close(self) -> None:
        """Let go of the arrays."""
        self._arrays.clear()


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran order, and dtype of the array that begins here."""
    version = npy.read_magic(file)
    read, digits = (npy.read_array_header_1_0, 2) if version == (1, 0) else (npy.read_array_header_2_0, 4)
    start = file.read(digits)
    length = int.from_bytes(start, "little")
    if length > _HEADER:  # numpy would read it whole before it looks
        raise ValueError(f"its header has {length:,} bytes")
    try:
        shape, fortran, dtype = read(io.BytesIO(start + file.read(length)))
    except (SyntaxError, tokenize.TokenError, MemoryError, RecursionError) as problem:  # numpy parses it as Python
        raise ValueError("its header is damaged") from problem
    if any(length < 0 for length in shape):
        raise ValueError(f"its header is damaged: a shape of {shape}")
    return shape, fortran, dtype


def _require_room(entry: zipfile.ZipInfo, promised: int) -> None:
    """Refuse an array whose header, or whose entry in the directory, promises more than the file can hold."""
    most = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: _DEFLATED_MOST}.get(entry.compress_type)
    if promised > entry.file_size or (most and entry.file_size > most * entry.compress_size):
        raise ValueError(f"{entry.filename} promises {promised:,} bytes, which it does not hold")


def _memory() -> float:
    """Bytes of memory that this machine has; endless where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if name == "images.npy" or name.endswith("_images.npy")]


def _stack(file: IO[bytes]) -> tuple[int, ...]:
    """Shape of a stack of images whose rows follow one another."""
    shape, fortran, dtype = _header(file)
    if dtype != np.uint8 or len(shape) not in (3, 4) or 0 in shape[1:]:
        raise ValueError(f"is {dtype} {shape}, not uint8 (n, h, w) or (n, h, w, channels)")
    if fortran:
        raise ValueError("is stored in Fortran order; save it again with numpy.ascontiguousarray")
    return shape


def _too_large(shape: tuple[int, ...]) -> str:
    """Why images of a stack of this shape are not read; "" where they are."""
    pixels = math.prod(shape[1:3])
    more = f"images of {pixels:,} pixels, more than {limit():,}" * (pixels > limit())
    return more or too_large(math.prod(shape[1:]))


def _rows(archive: zipfile.ZipFile, member: str, path: str) -> Iterator[tuple[str, np.ndarray | DecodeError]]:
    array = member.removesuffix(".npy")
    done = -1
    try:
        with archive.open(member) as file:
            shape = _stack(file)
            done = 0
            row_bytes = math.prod(shape[1:])
            if large := _too_large(shape):
                raise ValueError(large)
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
