"""Objects of the library `datasets` as sources: their images stay where they lie, and are read as they are stored.

Nothing of that library is imported to tell them from paths, and none of its decoders is asked.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from hemascope.data.remote.url import named
from hemascope.errors import DecodeError, SourceError

Dataset: TypeAlias = Any
"""A `datasets.Dataset` or `IterableDataset`, or a dict of them by split."""

_KEEP_ROWS = {
    "cast", "replace_schema_metadata", "rename_columns", "select", "remove_column", "drop", "add_column",
    "append_column", "set_column", "flatten", "combine_chunks",
}  # fmt: skip


def is_dataset(source: object) -> bool:
    """Whether a source is an object of the library `datasets`.

    >>> is_dataset("cells.parquet"), is_dataset(Path("cells"))
    (False, False)
    """
    return type(source).__module__.partition(".")[0] == "datasets"


def source_name(source: object) -> str:
    """A source in a word, a path or a URL without credentials, for reports and errors."""
    if not is_dataset(source):
        return named(str(source))
    _, first = parts(source)[0]
    info = getattr(first, "info", None)
    return str(getattr(info, "dataset_name", None) or getattr(info, "builder_name", None) or "dataset")


def parts(source: Dataset) -> list[tuple[str, Dataset]]:
    """The splits of a dict of datasets, by name; of a single one itself, its split nameless.

    Raises:
        SourceError: a dict without any.
    """
    if not isinstance(source, dict):
        return [("", source)]
    if not source:
        raise SourceError("the DatasetDict is empty", "Give one with splits.")
    return [(str(name), part) for name, part in source.items()]


def image_column(dataset: Dataset, name: str) -> str:
    """The column of images: one of the feature Image, else one of bytes with an image's name.

    Raises:
        SourceError: there is none, or several.
    """
    from hemascope.data.containers.parquet import IMAGES

    features = dataset.features or {}
    found = [column for column, feature in features.items() if type(feature).__name__ == "Image"]
    found = found or [column for column in IMAGES if getattr(features.get(column), "dtype", "") == "binary"]
    named = [column for column in IMAGES if column in found]
    if len(found) != 1 and not named:
        columns = ", ".join(f"{column} ({type(feature).__name__})" for column, feature in features.items()) or "unknown"
        raise SourceError(
            f"{name}: {'several columns' if found else 'no column'} of images; its columns are {columns}",
            "Give it one of the feature Image: dataset.cast_column('image', datasets.Image()).",
        )
    return named[0] if named else found[0]


def pictures(source: Dataset) -> Iterator[tuple[str, bytes | Path | DecodeError]]:
    """The encoded images of any dataset, streamed ones too, with the names of their rows, in its order.

    A row is named by the file that holds it, as in a Manifest; where it lies in memory or is streamed, by its number.

    Raises:
        SourceError: no column of images.
    """
    from hemascope.data.containers.parquet import picture_of

    known = source_name(source)
    for split, part in parts(source):
        column = image_column(part, known)
        where = places(part, column)
        for row, cell in enumerate(_encoded(part, column)):
            name = where.name(row) if where else f"{known}#{split}/{row}" if split else f"{known}#{row}"
            picture = picture_of(cell[column], Path())
            yield name, DecodeError(f"{name}: no image in this row") if picture is None else picture


def count(source: Dataset) -> int | None:
    """How many rows there are; None where it streams."""
    try:
        return sum(len(part) for _, part in parts(source))
    except TypeError:
        return None


class Places(NamedTuple):
    """Where the rows of a dataset lie: Arrow files, of each row the number of its file, column, and row in it."""

    files: Sequence[str]
    columns: Sequence[str]
    file: np.ndarray
    row: np.ndarray

    def name(self, row: int) -> str:
        """The name of a row."""
        return f"{self.path(row)}#{self.member(row)}"

    def path(self, row: int) -> str:
        """The file of a row."""
        return self.files[self.file[row]]

    def member(self, row: int) -> str:
        """Where in its file a row is."""
        return f"{self.columns[self.file[row]]}/{self.row[row]}"


def places(dataset: Dataset, column: str) -> Places | None:
    """Where the rows lie; None where not all of them are in files, or which ones cannot be told.

    What the library says of that is private to it, so the first and the last image are looked up to see whether it is
    still so.
    """
    from hemascope.data.containers.arrow import Arrow

    try:
        blocks = getattr(dataset._data, "blocks", None) or [[dataset._data]]
        files, columns, numbers, rows = [], [], [], []
        for block in blocks:
            (table,) = (one for one in block if column in one.column_names)
            steps = table.replays or []
            if any(name != "slice" and name not in _KEEP_ROWS for name, *_ in steps):
                return None
            start = sum(given[0] for name, given, _ in steps if name == "slice")
            held = Arrow(str(Path(table.path).absolute())).columns()
            columns.append(column if column in held else held[0] if len(held) == 1 else "")
            files.append(str(Path(table.path).absolute()))
            numbers.append(np.full(len(table), len(files) - 1))
            rows.append(start + np.arange(len(table)))
        file, row = np.concatenate(numbers), np.concatenate(rows)
        if dataset._indices is not None:
            chosen = dataset._indices.column(0).to_numpy()
            file, row = file[chosen], row[chosen]
        found = Places(files, columns, file, row)
        encoded = _encoded(dataset, column)
        for number in {0, len(row) - 1} if len(row) else ():
            cell = encoded[number][column]
            own = cell.get("bytes") if isinstance(cell, dict) else cell
            if own is not None and Arrow(found.path(number)).picture(found.member(number)) != own:
                return None
    except (AttributeError, LookupError, TypeError, ValueError, SourceError, DecodeError):
        return None
    return found


def _encoded(dataset: Dataset, column: str) -> Dataset:
    """The dataset with this column alone, whose images are not decoded."""
    alone = dataset.with_format(None).select_columns([column])
    feature = alone.features[column]
    return alone.cast_column(column, type(feature)(decode=False)) if type(feature).__name__ == "Image" else alone
