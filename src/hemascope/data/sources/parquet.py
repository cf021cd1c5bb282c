"""Parquet: data sets in the Hugging Face layout, and Manifests that hemascope wrote."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from hemascope.data.containers.parquet import (
    IMAGES,
    count,
    image_column,
    is_manifest,
    is_text,
    read_columns,
    read_schema,
)
from hemascope.data.containers.synthetic import SCHEME
from hemascope.data.listing import LABORATORIES, PATHS, SPLITS, column
from hemascope.data.manifest import Manifest
from hemascope.data.regular import is_there
from hemascope.data.sources.names import (
    class_names,
    class_order,
    laboratory_name,
    numbered,
    require_classes,
    spellings,
    split_name,
)
from hemascope.data.sources.table import read_table, row_split
from hemascope.errors import SourceError


def read_manifest(path: Path) -> Manifest:
    """Read a Manifest with its splits, groups and verdicts. An image that is gone gets its error when it is read.

    Raises:
        SourceError: not a Manifest, or none of its images is where it was.
    """
    manifest = Manifest.read(path)
    usable = manifest.table["path"][manifest.usable]
    files = usable[~usable.str.startswith(SCHEME)].unique()
    if len(files) and not any(map(is_there, files)):
        raise SourceError(
            f"{path}: none of the {len(files):,} files that it names exists, the first is {files[0]}",
            "Put the images back where they were, or make the manifest anew where they are now.",
        )
    return manifest


LABELS = ("label", "labels", "target", "class")
"""Names of the column of labels, the first that is there."""

_BARE = ("",)  # stands for the names of numbers that have none


def read_parquet(files: list[Path], source: Path, *, unlabelled: bool = False) -> Manifest:
    """List the images of Parquet files: columns ``image`` (struct of bytes and path, or bytes) and ``label``.

    Labels are text, categories, truth values, or integers whose names stand in the Hugging Face metadata of the same
    file (they are numbered where no file has names). The split stands in a column ``split``, else it is the beginning
    of the file's name: ``train-00000-of-00002.parquet``; the laboratory in a column ``laboratory``. A single file that
    `Manifest.write` wrote is read as that Manifest, and one without images but with paths as a CSV of these columns.

    Args:
        files: Parquet files of the same columns.
        source: what the user named.
        unlabelled: files without a column of labels will do.

    Raises:
        SourceError: an unreadable file, a column that is missing or of a wrong type, or one class only.
    """
    if len(files) == 1:
        schema = read_schema(files[0])
        if is_manifest(schema):
            return read_manifest(files[0])
        if not set(IMAGES) & set(schema.names) and column(schema.names, PATHS) is not None:
            return read_table(files[0], unlabelled=unlabelled)
    name = source.stem if source.is_file() else source.absolute().name
    return joined([_shard(path, unlabelled) for path in files], source, name, unlabelled=unlabelled)


def joined(shards: list["Shard"], source: object, name: str, *, unlabelled: bool) -> Manifest:
    """The rows of all shards in one Manifest.

    Args:
        shards: in order.
        source: what the user named, for errors.
        name: of the data set.
        unlabelled: no labels will do.

    Raises:
        SourceError: names and numbers of classes beside each other, or one class only.
    """
    orders = {shard.declared for shard in shards if any(shard.labels)}
    if orders == {_BARE}:
        texts, declared = _number([text for shard in shards for text in shard.labels], source)
    elif _BARE in orders:
        bare = next(shard.where for shard in shards if any(shard.labels) and shard.declared == _BARE)
        raise SourceError(
            f"{bare}: its labels are numbers without names, those of other files beside it have names",
            "Write the names into each file, or give the labels as text.",
        )
    else:
        texts = [text for shard in shards for text in shard.labels]
        declared = tuple(name for order in orders for name in order)
    named = class_names([*texts, *declared], source)
    labels = named[: len(texts)]
    given = len(orders) == 1 and bool(declared)
    classes = class_order(named[len(texts) :] if given else named, given=given)
    if classes or not unlabelled:
        require_classes(classes, source)
    return Manifest.build(
        [path for shard in shards for path in shard.paths],
        labels,
        classes,
        members=[member for shard in shards for member in shard.members],
        splits=[split for shard in shards for split in shard.splits],
        laboratories=[name for shard in shards for name in shard.laboratories],
        name=name,
        spelt=spellings([*texts, *declared], named),
    )


class Shard(NamedTuple):
    """A part of a data set: one file, or one split.

    Attributes:
        where: its name, for errors.
        paths: of every row the file that holds it.
        members: where in that.
        labels: of every row the name of its class, as the file spells it, or its number; "" where it has none.
        declared: names of all classes in the order of their numbers; none where the labels are names themselves,
            ``_BARE`` where they are numbers without names.
        splits: of every row, train, val, test or "".
        laboratories: of every row, the name or "".
    """

    where: str
    paths: list[str]
    members: list[str]
    labels: list[str]
    declared: tuple[str, ...]
    splits: list[str]
    laboratories: list[str]


def _shard(path: Path, unlabelled: bool) -> Shard:
    """Read all of a file but its images."""
    schema = read_schema(path)
    image = image_column(path, schema)
    label = _label_column(path, schema)
    if label is not None:
        values = read_columns(path, [label])[label].to_pylist()
    elif unlabelled:
        values = [None] * (count(str(path)) or 0)
    else:
        raise SourceError(
            f"{path}: no column {LABELS[0]!r}; its columns are {', '.join(schema.names)}",
            f"Wanted are {IMAGES[0]!r} (bytes, or a struct with bytes) and {LABELS[0]!r} (a number or a name).",
        )
    texts, declared = named_labels(values, _declared_names(schema, label) if label is not None else (), path)
    return Shard(
        str(path),
        [str(path.absolute())] * len(values),
        [f"{image}/{row}" for row in range(len(values))],
        texts,
        declared,
        _splits(path, schema, len(values)),
        [laboratory_name(text) for text in _texts(path, schema, LABORATORIES) or [""] * len(values)],
    )


def named_labels(
    values: Sequence[object], declared: tuple[str, ...], where: object
) -> tuple[list[str], tuple[str, ...]]:
    """Labels as they are stored, by their names where those are declared; and what `Shard.declared` is of them.

    Args:
        values: numbers, texts, truth values or None; a number below 0 is none either.
        declared: names of the numbers; empty where they have none.
        where: their file, for the error.

    Raises:
        SourceError: a number has no name, but others have.
    """
    if not any(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return ["" if value is None else str(value) for value in values], ()
    numbers = [-1 if value is None else int(str(value)) for value in values]
    if not declared:
        return ["" if number < 0 else str(number) for number in numbers], _BARE
    if max(numbers) >= len(declared):
        raise SourceError(f"{where}: class number {max(numbers)} has no name", "Number the classes from 0.")
    return ["" if number < 0 else declared[number] for number in numbers], declared


def _number(texts: list[str], source: object) -> tuple[list[str], tuple[str, ...]]:
    """The labels that are bare numbers, with names made up for all of them."""
    top = max(int(text) for text in texts if text)
    if top >= len(texts):
        raise SourceError(f"{source}: class number {top} has no name", "Number the classes from 0.")
    names = numbered(top + 1)
    return [names[int(text)] if text else "" for text in texts], names


def _splits(path: Path, schema: Any, rows: int) -> list[str]:
    """The split of every row: of the column that names it, else of the beginning of the file's name."""
    whole = split_name(re.split(r"[-_.]", path.name)[0]) or ""
    texts = _texts(path, schema, SPLITS)
    if texts is None:
        return [whole] * rows
    return [row_split(path, row, text) or whole for row, text in enumerate(texts, start=1)]


def _texts(path: Path, schema: Any, names: tuple[str, ...]) -> list[str] | None:
    """The first column that has one of some names and holds text, null as ""; None where there is none."""
    place = column(schema.names, names)
    if place is None or not is_text(schema.field(place).type):
        return None
    return [text or "" for text in read_columns(path, [schema.names[place]])[0].to_pylist()]


def _label_column(path: Path, schema: Any) -> str | None:
    """The name of the column of labels, None where there is none.

    Raises:
        SourceError: it holds neither integers nor names nor truth values.
    """
    name = next((name for name in LABELS if name in schema.names), None)
    if name is None:
        return None
    kind = schema.field(name).type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (is_text(plain) or pa.types.is_integer(plain) or pa.types.is_boolean(plain) or pa.types.is_null(plain)):
        raise SourceError(f"{path}: the column {name!r} is {kind}", "Wanted are integers or names.")
    return name


def _declared_names(schema: Any, label: str) -> tuple[str, ...]:
    """Names of the classes in the metadata that the library `datasets` writes; empty where there are none."""
    try:
        about = json.loads((schema.metadata or {})[b"huggingface"])
        return tuple(str(name) for name in about["info"]["features"][label]["names"])
    except (KeyError, TypeError, ValueError):
        return ()
