"""The table of predictions: its rows as CSV, JSON Lines and Arrow; its columns are those of `layout.Layout`.

A row an image, in input order. An image that failed has only ``path`` and ``error``; every other row has no
``error``.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from hemascope.data.delimited import write_delimited
from hemascope.errors import ModelFileError, SourceError
from hemascope.predict.attributes import Vocabulary, phrase
from hemascope.predict.card import SEPARATOR, class_sets, set_mass
from hemascope.predict.stream import Block, Runnable

if TYPE_CHECKING:
    import pyarrow as pa


APPEARANCE = "appearance"
"""The column of what is seen of a cell in a few words; the attributes' own columns follow it."""

_UNKNOWN_KEY, _SET_KEY = "hemascope.unknown_threshold", "hemascope.set_threshold"  # read back for the same model alone
_ATTRIBUTES_KEY = "hemascope.attributes"


@dataclass(frozen=True)
class Layout:
    """The columns ``path, label, confidence``, one probability a class, those that are optional, ``error``.

    Attributes:
        classes: k names.
        unknown: threshold of the score of unknown objects; with it come the columns ``unknown``, the score in [0, 1],
            and ``is_unknown``, whether it is above.
        set: probability that the classes of a conformal set reach together; with it comes the column ``set``, names
            joined by |; empty for a picture that is probably none of the classes.
        attributes: names of those that are said of cells; with them come the column ``appearance``, the same in a few
            words, and one a name, its value; empty where the model is not sure.

    >>> Layout(("monocyte", "platelet")).columns
    ['path', 'label', 'confidence', 'monocyte', 'platelet', 'error']

    Raises:
        ModelFileError: a class has the name of another column.
    """

    classes: tuple[str, ...]
    unknown: float | None = None
    set: float | None = None
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set_of := frozenset(self.columns)) < len(self.columns):
            others = ", ".join(sorted(set_of - frozenset(self.classes)))
            raise ModelFileError(
                f"the model's classes ({', '.join(self.classes)}) do not fit beside the columns {others}",
                "Use the classifier from Python: hemascope.load(...)(images).",
            )

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        optional = ["unknown", "is_unknown"] if self.unknown is not None else []
        optional += ["set"] if self.set is not None else []
        optional += [APPEARANCE, *self.attributes] if self.attributes else []
        return ["path", "label", "confidence", *self.classes, *optional, "error"]

    @classmethod
    def of(cls, classifier: Runnable, coverage: float | None = None, attributes: bool = False) -> "Layout":
        """The columns of a classifier's predictions, with sets of a stated coverage and attributes if asked for.

        Raises:
            ModelFileError: the model has no sets of that coverage, or no attributes; or a class has the name of another
                column.
        """
        mass = None if coverage is None else set_mass(classifier.card, coverage)
        names = Vocabulary.needed(classifier.card, classifier.path).names if attributes else ()
        return cls(tuple(classifier.classes), classifier.unknown_threshold, mass, names)

    @classmethod
    def of_columns(cls, columns: Sequence[str]) -> "Layout":
        """The layout of a table of predictions by the names of its columns, which do not tell the thresholds.

        >>> Layout.of_columns(["path", "label", "confidence", "monocyte", "platelet", "set", "error"]).classes
        ('monocyte', 'platelet')
        """
        classes, optional = list(columns[3:-1]), []
        start = classes.index(APPEARANCE) if APPEARANCE in classes else len(classes)
        attributes, classes = classes[start + 1 :], classes[:start]
        for name in ("set", "is_unknown", "unknown"):
            if classes and classes[-1] == name:
                optional.append(classes.pop())
        nan = float("nan")
        unknown, mass = (nan if name in optional else None for name in ("unknown", "set"))
        return cls(tuple(classes), unknown, mass, tuple(attributes))

    def metadata(self) -> dict[str, str]:
        """The thresholds and the attributes' names, for the metadata of an Arrow schema."""
        values = {_UNKNOWN_KEY: self.unknown, _SET_KEY: self.set}
        told = {key: repr(value) for key, value in values.items() if value is not None}
        return {**told, **({_ATTRIBUTES_KEY: json.dumps(self.attributes)} if self.attributes else {})}

    @classmethod
    def of_schema(cls, schema: "pa.Schema") -> "Layout":
        """The layout that a schema was made from."""
        about = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
        unknown, mass = (float(about[key]) if key in about else None for key in (_UNKNOWN_KEY, _SET_KEY))
        attributes = tuple(json.loads(about.get(_ATTRIBUTES_KEY, "[]")))
        optional = 2 * (unknown is not None) + (mass is not None) + len(attributes) + bool(attributes)
        return cls(tuple(schema.names[3 : len(schema.names) - 1 - optional]), unknown, mass, attributes)


def labels(block: Block, classes: Sequence[str]) -> list[str | None]:
    """The most probable class of every image; None where it failed."""
    top = np.nan_to_num(block.probabilities, nan=-1).argmax(axis=1)
    return [None if error else classes[index] for index, error in zip(top, block.errors, strict=True)]


def flags(block: Block, layout: Layout) -> np.ndarray:
    """Bool (m,): whether an image is probably none of the classes; False where the model does not tell."""
    return _scores(block) > (np.inf if layout.unknown is None else layout.unknown)


def appearances(block: Block, layout: Layout) -> list[str]:
    """What is seen of every image in a few words; "" where nothing is said."""
    return [phrase(dict(zip(layout.attributes, values or (), strict=False))) for values in block.said_or_none]


def write_csv_header(file: TextIO, layout: Layout) -> None:
    """The line of column names."""
    write_delimited(file, [layout.columns])


def write_csv(file: TextIO, block: Block, layout: Layout) -> None:
    """One line an image; numbers have the fewest digits that give the same float32 again, flags are 1 and 0."""
    blank = [""] * (len(layout.columns) - 2)
    scores = _scores(block).astype(str)
    flagged = np.where(flags(block, layout), "1", "0")
    columns = [
        labels(block, layout.classes),
        block.probabilities.max(axis=1).astype(str),
        *block.probabilities.T.astype(str),
        *([scores, flagged] if layout.unknown is not None else []),
        *([_sets(block, layout)] if layout.set is not None else []),
        *_seen(block, layout),
    ]
    rows = (
        [path, *blank, error] if error else [path, *values, ""]
        for path, error, *values in zip(map(printable, block.paths), block.errors, *columns, strict=True)
    )
    write_delimited(file, rows)


def write_jsonl(file: TextIO, block: Block, layout: Layout) -> None:
    """One object an image; null where there is no value."""
    for row in as_dicts(block, layout):
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def as_dicts(block: Block, layout: Layout) -> Iterator[dict[str, Any]]:
    """A dict an image: column -> str, float or bool; None where there is no value."""
    flagged, scores, sets = flags(block, layout).tolist(), _scores(block), _sets(block, layout)
    seen = _seen(block, layout)
    for i, (path, label, row, error) in enumerate(
        zip(block.paths, labels(block, layout.classes), block.probabilities, block.errors, strict=True)
    ):
        values = [label, number(row.max()), *map(number, row)]
        values += [number(scores[i]), flagged[i]] if layout.unknown is not None else []
        values += [sets[i] or None] if layout.set is not None else []
        values += [column[i] or None for column in seen]
        cells = [printable(path), *([None] * len(values) if error else values), error or None]
        yield dict(zip(layout.columns, cells, strict=True))


def schema(layout: Layout, metadata: dict[str, str]) -> "pa.Schema":
    """The table as an Arrow schema: strings, float32, bool; null where there is no value."""
    import pyarrow as pa

    kinds = [pa.string(), pa.string(), *[pa.float32()] * (1 + len(layout.classes))]
    kinds += [pa.float32(), pa.bool_()] if layout.unknown is not None else []
    kinds += [pa.string()] * ((layout.set is not None) + len(layout.attributes) + bool(layout.attributes))
    fields = zip(layout.columns, [*kinds, pa.string()], strict=True)
    return pa.schema(list(fields), metadata={**metadata, **layout.metadata()})


def to_arrow(block: Block, schema: "pa.Schema") -> "pa.RecordBatch":
    """A block as an Arrow record batch."""
    import pyarrow as pa

    from hemascope.predict.arrow import booleans, numbers, strings

    layout = Layout.of_schema(schema)
    arrays = [
        strings([printable(path) for path in block.paths]),
        strings(labels(block, layout.classes)),
        numbers(block.probabilities.max(axis=1)),
        *map(numbers, block.probabilities.T),
    ]
    if layout.unknown is not None:
        scores = _scores(block)
        arrays += [numbers(scores), booleans(flags(block, layout), np.isfinite(scores))]
    if layout.set is not None:
        arrays.append(strings([found or None for found in _sets(block, layout)]))
    arrays += [strings([found or None for found in column]) for column in _seen(block, layout)]
    arrays.append(strings([error or None for error in block.errors]))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def from_arrow(batch: "pa.RecordBatch") -> Block:
    """The block that `to_arrow` was given."""
    layout = Layout.of_schema(batch.schema)

    def values(column: "pa.Array") -> np.ndarray:
        # to_numpy() would import pandas; failed images have NaN in the values themselves
        return np.frombuffer(column.buffers()[1], np.float32)[: len(column)]

    k = len(layout.classes)
    probabilities = np.stack([values(column) for column in batch.columns[3 : 3 + k]], axis=1)
    unknown = values(batch.column(3 + k)) if layout.unknown is not None else None
    errors = [error or "" for error in batch.column(batch.num_columns - 1).to_pylist()]
    said = None
    if a := len(layout.attributes):
        columns = [column.to_pylist() for column in batch.columns[batch.num_columns - 1 - a : -1]]
        said = [tuple(value or "" for value in values) for values in zip(*columns, strict=True)]
    return Block(batch.column(0).to_pylist(), probabilities, errors, unknown, said=said)


def printable(path: str) -> str:
    r"""The path as valid Unicode: bytes of a file name that are no UTF-8 become ``\udcxx`` escapes.

    >>> print(printable("caf\udce9.jpg"))
    caf\udce9.jpg
    """
    return path.encode("utf-8", "backslashreplace").decode()


def other_images(where: Path, what: str, now: str, then: str) -> SourceError:
    """The error of a row that has another name than the image now: the file, what it is in words, both names."""
    return SourceError(
        f"{where}: the images are not those of {what}: {now} is where {then} was",
        "Give the same paths from the same folder to go on, or start anew with --overwrite.",
    )


def number(value: np.ndarray) -> float:
    """A float32 by the fewest digits that give the same again."""
    return float(str(value))


def _scores(block: Block) -> np.ndarray:
    """The scores of unknown objects, NaN where there is none."""
    return np.full(len(block.paths), np.nan, np.float32) if block.unknown is None else block.unknown


def _sets(block: Block, layout: Layout) -> list[str]:
    """The sets as text; "" where there is none, as for a picture that is probably none of the classes."""
    if layout.set is None:
        return [""] * len(block.paths)
    sets = class_sets(block.probabilities, layout.classes, layout.set)
    unlike = flags(block, layout)
    return ["" if none else SEPARATOR.join(names) for none, names in zip(unlike, sets, strict=True)]


def _seen(block: Block, layout: Layout) -> list[list[str]]:
    """The columns of what is seen of cells: in a few words, then each attribute; none where not asked for."""
    if not layout.attributes:
        return []
    said = block.said or [("",) * len(layout.attributes)] * len(block.paths)
    return [appearances(block, layout), *([values[i] for values in said] for i in range(len(layout.attributes)))]
