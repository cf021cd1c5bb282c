"""Parquet: data sets in the Hugging Face layout, and Manifests that hemascope wrote."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.data.containers.parquet import IMAGES, count, image_column, is_manifest, read_schema
from hemascope.data.containers.synthetic import SCHEME
from hemascope.data.listing import PATHS, column
from hemascope.data.manifest import Manifest
from hemascope.data.sources.names import class_name, class_order, numbered, require_classes, split_name
from hemascope.data.sources.table import read_table
from hemascope.errors import SourceError


def read_manifest(path: Path) -> Manifest:
    """Read a Manifest with its splits, groups and verdicts. An image that is gone gets its error when it is read.

    Raises:
        SourceError: not a Manifest, or none of its images is where it was.
    """
    manifest = Manifest.read(path)
    usable = manifest.table["path"][manifest.usable]
    files = usable[~usable.str.startswith(SCHEME)].unique()
    if len(files) and not any(Path(file).exists() for file in files):
        raise SourceError(
            f"{path}: none of the {len(files):,} files that it names exists, the first is {files[0]}",
            "Put the images back where they were, or make the manifest anew where they are now.",
        )
    return manifest


_LABELS = ("label", "labels", "target", "class")


def read_parquet(files: list[Path], source: Path, *, unlabelled: bool = False) -> Manifest:
    """List the images of Parquet files: columns ``image`` (struct of bytes and path, or bytes) and ``label``.

    Labels are strings, or integers whose names stand in the Hugging Face metadata (integers without names are
    numbered). The split is the beginning of the file's name: ``train-00000-of-00002.parquet``. A single file that
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
    paths: list[str] = []
    members: list[str] = []
    splits: list[str] = []
    raw: list[str | int | None] = []
    declared: list[str] = []
    for path in files:
        schema = read_schema(path)
        image = image_column(path, schema)
        label = _label_column(path, schema)
        if label is not None:
            declared = _declared_names(schema, label) or declared
            values = pq.read_table(path, columns=[label])[label].to_pylist()
        elif unlabelled:
            values = [None] * (count(str(path)) or 0)
        else:
            raise SourceError(
                f"{path}: no column {_LABELS[0]!r}; its columns are {', '.join(schema.names)}",
                f"Wanted are {IMAGES[0]!r} (bytes, or a struct with bytes) and {_LABELS[0]!r} (a number or a name).",
            )
        raw += values
        paths += [str(path.absolute())] * len(values)
        members += [f"{image}/{row}" for row in range(len(values))]
        splits += [split_name(re.split(r"[-_.]", path.name)[0]) or ""] * len(values)
    labels, names = _named(raw, declared, source)
    classes = class_order(names, given=bool(declared))
    if classes or not unlabelled:
        require_classes(classes, source)
    name = source.stem if source.is_file() else source.absolute().name
    return Manifest.build(paths, labels, classes, members=members, splits=splits, name=name)


def _label_column(path: Path, schema: Any) -> str | None:
    """The name of the column of labels, None where there is none.

    Raises:
        SourceError: it holds neither integers nor names.
    """
    name = next((name for name in _LABELS if name in schema.names), None)
    if name is None:
        return None
    kind = schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise SourceError(f"{path}: the column {name!r} is {kind}", "Wanted are integers or names.")
    return name


def _declared_names(schema: Any, label: str) -> list[str]:
    """Names of the classes in the metadata that the library `datasets` writes; empty where there are none."""
    try:
        about = json.loads((schema.metadata or {})[b"huggingface"])
        return [class_name(str(name)) for name in about["info"]["features"][label]["names"]]
    except (KeyError, TypeError, ValueError):
        return []


def _named(
    raw: list[str | int | None], declared: list[str], source: Path
) -> tuple[list[str], tuple[str, ...] | list[str]]:
    """The label of every row ("" where it has none), and the names of the classes."""
    if any(isinstance(value, str) for value in raw):
        labels = [class_name(value) if isinstance(value, str) else "" for value in raw]
        return labels, labels
    numbers = [-1 if value is None else int(value) for value in raw]
    count = max(numbers, default=-1) + 1
    if count > len(raw) or (declared and count > len(declared)):
        raise SourceError(f"{source}: class number {count - 1} has no name", "Number the classes from 0.")
    names = tuple(declared) or numbered(count)
    return [names[number] if number >= 0 else "" for number in numbers], names
