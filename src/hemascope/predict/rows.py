"""The table of predictions: its columns, and its rows as CSV, JSON Lines and Arrow.

A row an image, in input order: ``path, label, confidence``, one probability a class under the class's name,
``error``. An image that failed has only ``path`` and ``error``; every other row has no ``error``.
"""

import csv
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.predict.stream import Block

if TYPE_CHECKING:
    import pyarrow as pa


def columns(classes: Sequence[str]) -> list[str]:
    """Names of the columns.

    >>> columns(("monocyte", "platelet"))
    ['path', 'label', 'confidence', 'monocyte', 'platelet', 'error']

    Raises:
        ModelFileError: a class has the name of another column.
    """
    names = ["path", "label", "confidence", *classes, "error"]
    if len(set(names)) < len(names):
        raise ModelFileError(
            f"the model's classes ({', '.join(classes)}) do not fit beside the columns path, label, confidence, error",
            "Use the classifier from Python: hemascope.load(...)(images).",
        )
    return names


def labels(block: Block, classes: Sequence[str]) -> list[str | None]:
    """The most probable class of every image; None where it failed."""
    top = np.nan_to_num(block.probabilities, nan=-1).argmax(axis=1)
    return [None if error else classes[index] for index, error in zip(top, block.errors, strict=True)]


def write_csv_header(file: TextIO, classes: Sequence[str]) -> None:
    """The line of column names."""
    csv.writer(file, lineterminator="\n").writerow(columns(classes))


def write_csv(file: TextIO, block: Block, classes: Sequence[str]) -> None:
    """One line an image; numbers have the fewest digits that give the same float32 again."""
    texts = block.probabilities.astype(str)
    blank = ["", "", *[""] * len(classes)]
    rows = (
        [path, *blank, error] if error else [path, label, confidence, *probabilities, ""]
        for path, label, confidence, probabilities, error in zip(
            map(printable, block.paths), labels(block, classes), _confidences(block), texts, block.errors, strict=True
        )
    )
    csv.writer(file, lineterminator="\n").writerows(rows)


def write_jsonl(file: TextIO, block: Block, classes: Sequence[str]) -> None:
    """One object an image; null where there is no value."""
    names = columns(classes)
    for path, label, row, error in zip(
        block.paths, labels(block, classes), block.probabilities, block.errors, strict=True
    ):
        values = [None] * (1 + len(row)) if error else [float(str(value)) for value in (row.max(), *row)]
        cells = [printable(path), label, *values, error or None]
        file.write(json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False) + "\n")


def schema(classes: Sequence[str], metadata: dict[str, str]) -> "pa.Schema":
    """The table as an Arrow schema: strings, float32; null where there is no value."""
    import pyarrow as pa

    path, label, *numbers, error = columns(classes)
    fields = [(path, pa.string()), (label, pa.string()), *((name, pa.float32()) for name in numbers)]
    return pa.schema([*fields, (error, pa.string())], metadata=metadata)


def to_arrow(block: Block, schema: "pa.Schema") -> "pa.RecordBatch":
    """A block as an Arrow record batch."""
    import pyarrow as pa

    # Arrays are made of buffers, because pyarrow.array() imports pandas where it is installed: two seconds.
    def strings(values: Sequence[str | None]) -> pa.Array:
        encoded = [(value or "").encode() for value in values]
        offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
        buffers = [_bitmap(np.array([value is not None for value in values])), offsets.tobytes(), b"".join(encoded)]
        return pa.Array.from_buffers(pa.string(), len(values), [pa.py_buffer(buffer) for buffer in buffers])

    def numbers(values: np.ndarray) -> pa.Array:
        buffers = [_bitmap(np.isfinite(values)), values.astype(np.float32).tobytes()]
        return pa.Array.from_buffers(pa.float32(), len(values), [pa.py_buffer(buffer) for buffer in buffers])

    arrays = [
        strings([printable(path) for path in block.paths]),
        strings(labels(block, schema.names[3:-1])),
        numbers(block.probabilities.max(axis=1)),
        *map(numbers, block.probabilities.T),
        strings([error or None for error in block.errors]),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def from_arrow(batch: "pa.RecordBatch") -> Block:
    """The block that `to_arrow` was given."""
    # to_numpy() would import pandas; failed images have NaN in the values themselves
    numbers = [np.frombuffer(column.buffers()[1], np.float32)[: len(column)] for column in batch.columns[3:-1]]
    errors = [error or "" for error in batch.column(batch.num_columns - 1).to_pylist()]
    return Block(batch.column(0).to_pylist(), np.stack(numbers, axis=1), errors)


def printable(path: str) -> str:
    r"""The path as valid Unicode: bytes of a file name that are no UTF-8 become ``\udcxx`` escapes.

    >>> print(printable("caf\udce9.jpg"))
    caf\udce9.jpg
    """
    return path.encode("utf-8", "backslashreplace").decode()


def _bitmap(valid: np.ndarray) -> bytes:
    """Arrow's validity bits of bool (m,)."""
    return np.packbits(valid, bitorder="little").tobytes()


def _confidences(block: Block) -> np.ndarray:
    return block.probabilities.max(axis=1).astype(str)
