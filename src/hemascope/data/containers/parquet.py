"""Images in Parquet files of the Hugging Face layout: all of them a batch at a time, or one by its row."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.data.containers.member import split_member
from hemascope.data.decode import decode
from hemascope.data.kinds import is_predictions, require_writable
from hemascope.data.regular import require_regular, to_open
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url
from hemascope.errors import DecodeError, SourceError

IMAGES = ("image", "img", "images")
"""Names of the column of images, the first that is there."""

_MARK = b"hemascope.format_version"
_ROW_GROUPS = 2  # kept in memory
_AT_ONCE = 32  # rows read at a time


def is_manifest(schema: Any) -> bool:
    """Whether a Parquet schema is that of a Manifest."""
    return _MARK in (schema.metadata or {}) and {"path", "member", "verdict"} <= set(schema.names)


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder in the Hugging Face layout (its own, or in ``data/``); empty where it is none.

    Tables of predictions, which may lie beside the images that they are of, are no data sets.
    """
    for place in (folder / "data", folder):
        files = sorted(path for path in place.glob("*.parquet") if not path.name.startswith(".") and not _is_made(path))
        if files:
            return files
    return []


def _is_made(path: Path) -> bool:
    try:
        return is_predictions(read_schema(path).names)
    except SourceError:  # whoever reads it is told
        return False


def read_schema(path: Path | str) -> Any:
    """The schema of a Parquet file.

    Raises:
        SourceError: not a readable Parquet file, or one of a name that is not UTF-8.
    """
    require_writable(path)  # pyarrow opens no other
    try:
        require_regular(path)
        schema = pq.read_schema(to_open(path))
        schema.names  # noqa: B018 - of a damaged file they are no text
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise SourceError(f"{path}: not a readable Parquet file ({problem})", "Fetch or write it again.") from problem
    return schema


def image_column(path: Path | str, schema: Any) -> str:
    """The name of the column of images.

    Raises:
        SourceError: there is none, or it holds neither bytes nor structs with bytes.
    """
    name = next((name for name in IMAGES if name in schema.names), None)
    if name is None:
        raise SourceError(
            f"{path}: no column {IMAGES[0]!r}; its columns are {', '.join(schema.names) or 'none'}",
            f"Wanted are {IMAGES[0]!r} (bytes, or a struct with bytes), and 'label' (a number or a name) for labels.",
        )
    if not holds_pictures(schema.field(name).type):
        raise SourceError(
            f"{path}: the column {name!r} is {schema.field(name).type}", "Wanted are bytes, or a struct with bytes."
        )
    return name


def holds_pictures(kind: Any) -> bool:
    """Whether a column of this type can hold encoded images: bytes, or structs with bytes."""
    if pa.types.is_struct(kind):
        kind = next((field.type for field in kind if field.name == "bytes"), kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def images(path: str) -> Iterator[tuple[str, bytes | Path | DecodeError]]:
    """The images of one file, in its order; few rows are in memory at a time.

    Yields:
        the row's name ``column/number`` and its encoded bytes, or the path of a file beside; a row without an image,
        or a file that cannot be read on, gives a DecodeError.

    Raises:
        SourceError: no column of images.
    """
    column = image_column(path, read_schema(path))
    row = 0
    try:
        with _opened(path) as file:
            for batch in file.iter_batches(_AT_ONCE, columns=[column]):
                for cell in batch.column(0):
                    name = f"{column}/{row}"
                    picture = picture_of(cell.as_py(), located(path).parent)
                    yield name, DecodeError(f"{path}#{name}: no image in this row") if picture is None else picture
                    row += 1
    except (pa.ArrowException, OSError) as problem:
        name = f"{column}/{row}"
        yield name, DecodeError(f"{path}#{name}: {problem} (this row and all after it are lost)")


def check_manifest(schema: Any, path: Path | str) -> None:
    """Make sure that a Manifest's columns are there, and of their types.

    Raises:
        SourceError: they are not.
    """
    for name in ("path", "member", "label", "split", "group", "verdict", "error"):
        wanted = pa.types.is_integer if name == "group" else is_text
        if name not in schema.names or not wanted(schema.field(name).type):
            kind = f"is {schema.field(name).type}" if name in schema.names else "is missing"
            raise SourceError(f"{path}: a damaged manifest: its column {name!r} {kind}", "Write it again.")


def is_text(kind: Any) -> bool:
    """Whether a column holds text, as it is or as categories."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def manifest_rows(path: str) -> Iterator[tuple[str, str, str]]:
    """Of every row of a Manifest: path, member, and why it has no image, "" where it has one.

    Raises:
        SourceError: it is damaged.
    """
    names = ["path", "member", "error"]
    check_manifest(read_schema(path), path)
    table = read_columns(path, names)
    yield from zip(*([text or "" for text in table[name].to_pylist()] for name in names), strict=True)


def read_columns(path: Path | str, names: list[str] | None = None) -> Any:
    """Some columns of a Parquet file, or all of them, as an Arrow table whose values are sound.

    Raises:
        SourceError: it cannot be read.
    """
    read_schema(path)
    try:
        with _opened(path) as file:  # read_table() would import pandas where it is installed: two seconds
            table = file.read(names)
        table.validate(full=True)  # damaged text would end in an error when it is looked at
    except (pa.ArrowException, OSError, KeyError) as problem:
        raise SourceError(f"{path}: not a readable Parquet file ({problem})", "Fetch or write it again.") from problem
    return table


def count(path: str) -> int | None:
    """How many rows a file has; None where it cannot be read."""
    try:
        require_writable(path)
        require_regular(path)
        return int(pq.read_metadata(to_open(path)).num_rows)
    except (pa.ArrowException, OSError, SourceError):
        return None


class Parquet:
    """A Parquet file open for single images; members ``column/row``, rows counted over the whole file."""

    def __init__(self, path: str) -> None:
        self.path = path
        require_writable(path)
        try:
            require_regular(path)
            self._file = _opened(path)
        except (pa.ArrowException, OSError) as problem:
            raise SourceError(f"{path}: not a readable Parquet file ({problem})") from problem
        metadata = self._file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._ends = np.cumsum(sizes)
        self._groups: OrderedDict[tuple[int, str], Any] = OrderedDict()

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What decodes one image, to be run in any thread; its bytes are read at once."""
        (column, row), name = split_member(member, self.path), f"{self.path}#{member}"
        schema = self._file.schema_arrow
        if column not in schema.names or not holds_pictures(schema.field(column).type):
            raise DecodeError(f"{name}: the file has no such column of images")
        group = int(np.searchsorted(self._ends, row, side="right"))
        if group >= len(self._ends):
            raise DecodeError(f"{name}: the file has fewer rows")
        start = int(self._ends[group - 1]) if group else 0
        picture = picture_of(self._column(group, column)[row - start].as_py(), located(self.path).parent)
        if picture is None:
            raise DecodeError(f"{name}: no image in this row")
        return lambda: decode(picture, name=name)

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
        """Let go of the file."""
        self._groups.clear()
        self._file.close()


def _opened(path: Path | str) -> Any:
    """The file; of one elsewhere the pages are read through a buffer, never a whole row group for its sake alone."""
    if not is_url(str(path)):
        return pq.ParquetFile(path, memory_map=True)
    return pq.ParquetFile(to_open(path), buffer_size=1 << 20, pre_buffer=False)


def picture_of(cell: bytes | dict[str, Any] | None, folder: Path) -> bytes | Path | None:
    """What a cell of the column holds: encoded bytes, a file beside, or nothing."""
    if not isinstance(cell, dict):
        return cell
    data, beside = cell.get("bytes"), cell.get("path")
    return data if data is not None else (folder / beside if beside and isinstance(beside, str) else None)
