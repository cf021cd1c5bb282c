"""Files that hold many images: one image out of them by its member name, without unpacking the rest."""

import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.data.decode import decode, decode_array
from hemascope.errors import DecodeError, SourceError

_ROW_GROUPS = 2  # of a Parquet file, kept in memory


class Container(Protocol):
    """An open file of many images."""

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What reads one image, to be run in any thread; it may raise DecodeError."""

    def close(self) -> None:
        """Let go of the file."""


def open_container(path: str) -> Container:
    """Open a .npz, a Parquet file or ``synthetic://SEED``.

    Raises:
        SourceError: no such container, or it cannot be read.
    """
    if path.startswith("synthetic://"):
        return _Synthetic(path)
    if path.lower().endswith(".npz"):
        return _Npz(path)
    if path.lower().endswith((".parquet", ".pq")):
        return _Parquet(path)
    raise SourceError(f"{path}: not a container of images")


def npy_headers(path: Path | str) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shape and dtype of each array of a .npz, read from the headers only.

    Raises:
        SourceError: not a readable .npz.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = {}
            for entry in archive.infolist():
                if entry.filename.endswith(".npy"):
                    with archive.open(entry) as file:
                        shape, _, dtype = _header(file)
                    found[entry.filename.removesuffix(".npy")] = (shape, dtype)
            return found
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as problem:
        raise SourceError(
            f"{path}: not a readable .npz file ({problem})", "Fetch or write the file again."
        ) from problem


def npy_array(path: Path | str, key: str) -> np.ndarray:
    """One array of a .npz: mapped from the disk where it is stored uncompressed, else loaded.

    Raises:
        SourceError: the array is missing, damaged or holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(f"{key}.npy")
            with archive.open(entry) as file:
                shape, fortran, dtype = _header(file)
                start = file.tell()
            if entry.compress_type != zipfile.ZIP_STORED or dtype.hasobject or 0 in shape:
                with np.load(path, allow_pickle=False) as arrays:
                    return arrays[key]
        with Path(path).open("rb") as raw:  # the local header's name and extra field may differ from the directory's
            raw.seek(entry.header_offset + 26)
            lengths = np.frombuffer(raw.read(4), "<u2")
        offset = entry.header_offset + 30 + int(lengths.sum()) + start
        return np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
        raise SourceError(f"{path}: the array {key!r} cannot be read ({problem})") from problem


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)


class _Npz:
    """Members ``key/index``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._arrays: dict[str, np.ndarray] = {}

    def job(self, member: str) -> Callable[[], np.ndarray]:
        key, _, index = member.rpartition("/")
        if key not in self._arrays:
            self._arrays[key] = npy_array(self.path, key)
        array, row = self._arrays[key], int(index)
        if row >= len(array):
            raise DecodeError(f"{self.path}#{member}: the array has {len(array)} images")
        return lambda: decode_array(array[row], f"{self.path}#{member}")

    def close(self) -> None:
        self._arrays.clear()


class _Parquet:
    """Members ``column/row``, rows counted over the whole file."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, memory_map=True)
        except (pa.ArrowException, OSError) as problem:
            raise SourceError(f"{path}: not a readable Parquet file ({problem})") from problem
        metadata = self._file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._ends = np.cumsum(sizes)
        self._groups: OrderedDict[tuple[int, str], Any] = OrderedDict()

    def job(self, member: str) -> Callable[[], np.ndarray]:
        column, _, index = member.rpartition("/")
        row, name = int(index), f"{self.path}#{member}"
        group = int(np.searchsorted(self._ends, row, side="right"))
        if group >= len(self._ends):
            raise DecodeError(f"{name}: the file has fewer rows")
        start = int(self._ends[group - 1]) if group else 0
        cell = self._column(group, column)[row - start].as_py()
        if isinstance(cell, dict):
            data, beside = cell.get("bytes"), cell.get("path")
            cell = data if data is not None else (Path(self.path).parent / beside if beside else None)
        if cell is None:
            raise DecodeError(f"{name}: no image in this row")
        return lambda: decode(cell, name=name)

    def _column(self, group: int, column: str) -> Any:
        key = (group, column)
        if key not in self._groups:
            while len(self._groups) >= _ROW_GROUPS:
                self._groups.popitem(last=False)
            try:
                self._groups[key] = self._file.read_row_group(group, columns=[column])[column]
            except (pa.ArrowException, OSError, KeyError) as problem:
                raise SourceError(f"{self.path}: row group {group} cannot be read ({problem})") from problem
        self._groups.move_to_end(key)
        return self._groups[key]

    def close(self) -> None:
        self._groups.clear()
        self._file.close()


class _Synthetic:
    """Members are the numbers of drawings."""

    def __init__(self, path: str) -> None:
        self._seed = int(path.removeprefix("synthetic://"))

    def job(self, member: str) -> Callable[[], np.ndarray]:
        from hemascope.data.smears import draw

        seed, index = self._seed, int(member)
        return lambda: draw(seed, index).image

    def close(self) -> None:
        pass
