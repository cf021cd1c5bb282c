"""The table of cells as CSV and Parquet, and the rows of one that is there.

A row a cell, field by field in input order. A field that could not be read is a row with ``field`` and ``error`` alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hemascope.data.delimited import fused, write_delimited
from hemascope.errors import ModelFileError, SourceError
from hemascope.fields.cell import Cell
from hemascope.files import atomic
from hemascope.predict.attributes import Vocabulary
from hemascope.predict.rows import APPEARANCE, printable
from hemascope.predict.stream import Runnable

if TYPE_CHECKING:
    import pyarrow as pa

_BEFORE = ("field", "xmin", "ymin", "xmax", "ymax", "kind", "score", "border", "counted", "label", "confidence")
_TEXTS = {"field", "kind", "label", APPEARANCE, "error"}
_FLAGS = {"border", "counted", "is_unknown"}
_ROW_GROUP = 16_384  # rows gathered before Parquet writes them


@dataclass(frozen=True)
class Columns:
    """Which columns the table has.

    Attributes:
        classes: of the classifier; one column each with its probability.
        unknown: whether it tells unknown objects: ``unknown`` and ``is_unknown``.
        attributes: names of those that are said of cells, after ``appearance``; () where they were not asked for.

    Raises:
        ModelFileError: a class has the name of another column.

    >>> Columns(("monocyte",)).names[-3:]
    ['confidence', 'monocyte', 'error']
    """

    classes: tuple[str, ...]
    unknown: bool = False
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            others = ", ".join(sorted(set(self.names) - set(self.classes)))
            raise ModelFileError(
                f"the model's classes ({', '.join(self.classes)}) do not fit beside the columns {others}",
                "Use a model with other names of classes.",
            )

    @classmethod
    def of(cls, classifier: Runnable, attributes: bool = False) -> Columns:
        """Those of a classifier's cells.

        Raises:
            ModelFileError: it has no attributes, though asked for; or a class has the name of another column.
        """
        names = Vocabulary.needed(classifier.card, classifier.path).names if attributes else ()
        return cls(tuple(classifier.classes), classifier.unknown_threshold is not None, names)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        unknown = ["unknown", "is_unknown"] if self.unknown else []
        seen = [APPEARANCE, *self.attributes] if self.attributes else []
        return [*_BEFORE, *self.classes, *unknown, *seen, "error"]

    def row(self, cell: Cell) -> dict[str, Any]:
        """A cell's row: column -> value, None where there is none."""
        if not cell.kind:
            return {**dict.fromkeys(self.names), "field": printable(cell.field), "error": cell.error}
        values: list[Any] = [printable(cell.field), *cell.box, cell.kind, cell.score, cell.border, cell.counted]
        values += [cell.label, cell.confidence, *(cell.probabilities or (None,) * len(self.classes))]
        if self.unknown:
            values += [cell.unknown, cell.is_unknown if cell.unknown is not None else None]
        if self.attributes:
            values += [cell.appearance or None, *(word or None for word in cell.attributes or self.attributes_blank)]
        return dict(zip(self.names, [*values, cell.error or None], strict=True))

    @property
    def attributes_blank(self) -> tuple[None, ...]:
        """As many None as there are attributes."""
        return (None,) * len(self.attributes)


def write_table(path: Path, cells: Iterable[Cell], columns: Columns) -> None:
    """Write the table, .csv or .parquet, whole or not at all, holding few rows at a time.

    Raises:
        WriteError: it cannot be written.
    """
    with atomic(path, then="Then go on with --resume.") as temporary:
        if path.suffix == ".parquet":
            _write_parquet(temporary, cells, columns)
        else:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                write_delimited(file, [columns.names])
                write_delimited(file, as_text(cells, columns))


def as_text(cells: Iterable[Cell], columns: Columns) -> Iterator[list[object]]:
    """Rows for `hemascope.data.delimited.write_delimited`; flags are 1 and 0."""
    for cell in cells:
        yield [int(value) if isinstance(value, bool) else value for value in columns.row(cell).values()]


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table that `write_table` wrote: column -> value, None where there is none.

    Raises:
        SourceError: not a table of cells.
    """
    try:
        for row in _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path):
            if not {"field", "kind", "error"} <= row.keys():
                raise KeyError("error")
            yield row
    except (OSError, ValueError, KeyError, TypeError) as problem:  # ArrowInvalid is a ValueError
        raise SourceError(f"{path}: not a table of cells", "Give another folder, or --overwrite.") from problem


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = ([*map(fused, cells)] for cells in csv.reader(file) if cells)
        header = next(lines, [])
        seen = header.index(APPEARANCE) if APPEARANCE in header else len(header)
        texts = _TEXTS | set(header[seen:])
        for cells in lines:
            row: dict[str, Any] = {}
            for name, cell in zip(header, cells, strict=True):
                row[name] = None if not cell else cell if name in texts else float(cell)
                if name in _FLAGS and row[name] is not None:
                    row[name] = bool(row[name])
            yield row


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches():
            yield from batch.to_pylist()


def schema(columns: Columns) -> pa.Schema:
    """The table as an Arrow schema: strings, float32, bool; null where there is no value."""
    import pyarrow as pa

    texts = _TEXTS | set(columns.attributes)
    kinds = (pa.string() if name in texts else pa.bool_() if name in _FLAGS else pa.float32() for name in columns.names)
    return pa.schema(list(zip(columns.names, kinds, strict=True)))


def _write_parquet(path: Path, cells: Iterable[Cell], columns: Columns) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from hemascope.predict.arrow import booleans, numbers, strings

    def column(name: str, kind: pa.DataType, values: list[Any]) -> pa.Array:
        if kind == pa.string():
            return strings(values)
        if kind == pa.bool_():
            there = np.array([value is not None for value in values], bool)
            return booleans(np.array([bool(value) for value in values], bool), there)
        return numbers(np.array([np.nan if value is None else value for value in values], np.float32))

    wanted = schema(columns)
    with pq.ParquetWriter(path, wanted) as writer:
        for part in _groups(cells):
            table = [columns.row(cell) for cell in part]
            arrays = [column(field.name, field.type, [row[field.name] for row in table]) for field in wanted]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=wanted))


def _groups(cells: Iterable[Cell]) -> Iterator[list[Cell]]:
    held: list[Cell] = []
    for cell in cells:
        held.append(cell)
        if len(held) >= _ROW_GROUP:
            yield held
            held = []
    if held:
        yield held
