"""Parquet: data sets in the Hugging Face layout, and Manifests that hemascope wrote."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.data.manifest import Manifest
from hemascope.data.sources.names import class_name, class_order, numbered, require_classes, split_name
from hemascope.data.sources.synthetic import SCHEME
from hemascope.errors import SourceError

_MARK = b"hemascope.format_version"


def is_manifest(schema: Any) -> bool:
    """Whether a Parquet schema is that of a Manifest."""
    return _MARK in (schema.metadata or {})


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


_IMAGES = ("image", "img", "images")
_LABELS = ("label", "labels", "target", "class")


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder in the Hugging Face layout (its own, or in ``data/``); empty where it is none."""
    for place in (folder / "data", folder):
        files = sorted(path for path in place.glob("*.parquet") if not path.name.startswith("."))
        if files:
            return files
    return []


def read_parquet(files: list[Path], source: Path) -> Manifest:
    """List the images of Parquet files: columns ``image`` (struct of bytes and path, or bytes) and ``label``.

    Labels are strings, or integers whose names stand in the Hugging Face metadata (integers without names are
    numbered). The split is the beginning of the file's name: ``train-00000-of-00002.parquet``. A single file that
    `Manifest.write` wrote is read as that Manifest.

    Raises:
        SourceError: an unreadable file, a column that is missing or of a wrong type, or one class only.
    """
    if len(files) == 1 and is_manifest(_schema(files[0])):
        return read_manifest(files[0])
    paths: list[str] = []
    members: list[str] = []
    splits: list[str] = []
    raw: list[str | int | None] = []
    declared: list[str] = []
    for path in files:
        schema = _schema(path)
        image = _column(path, schema, _IMAGES)
        label = _column(path, schema, _LABELS)
        _check_types(path, schema, image, label)
        declared = _declared_names(schema, label) or declared
        values = pq.read_table(path, columns=[label])[label].to_pylist()
        raw += values
        paths += [str(path.absolute())] * len(values)
        members += [f"{image}/{row}" for row in range(len(values))]
        splits += [split_name(re.split(r"[-_.]", path.name)[0]) or ""] * len(values)
    labels, names = _named(raw, declared, source)
    classes = class_order(names, given=bool(declared))
    require_classes(classes, source)
    name = source.stem if source.is_file() else source.absolute().name
    return Manifest.build(paths, labels, classes, members=members, splits=splits, name=name)


def _schema(path: Path) -> Any:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as problem:
        raise SourceError(f"{path}: not a readable Parquet file ({problem})", "Fetch or write it again.") from problem


def _column(path: Path, schema: Any, wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in schema.names:
            return name
    raise SourceError(
        f"{path}: no column {wanted[0]!r}; its columns are {', '.join(schema.names) or 'none'}",
        f"Wanted are {_IMAGES[0]!r} (bytes, or a struct with bytes) and {_LABELS[0]!r} (a number or a name).",
    )


def _check_types(path: Path, schema: Any, image: str, label: str) -> None:
    kind = schema.field(image).type
    if pa.types.is_struct(kind):
        kind = next((field.type for field in kind if field.name == "bytes"), kind)
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise SourceError(
            f"{path}: the column {image!r} is {schema.field(image).type}", "Wanted are bytes, or a struct with bytes."
        )
    kind = schema.field(label).type
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise SourceError(f"{path}: the column {label!r} is {kind}", "Wanted are integers or names.")


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
