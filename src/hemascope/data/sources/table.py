"""A CSV of paths and labels."""

from collections.abc import Sequence
from pathlib import Path

from hemascope.data.delimited import read_delimited
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.sources.names import class_name, class_order, require_classes, split_name
from hemascope.errors import SourceError

_PATHS = ("path", "file", "filename", "file_name", "filepath", "image", "image_path")
_LABELS = ("label", "class", "target", "class_name", "category")
_SPLITS = ("split", "subset", "partition", "set")


def read_table(path: Path) -> Manifest:
    """List the images of a CSV (comma, semicolon or tab) with a header: a path and a label each, a split if it has one.

    Relative paths start at the CSV's own folder. A row whose file is missing is kept with an error; one with an
    empty label is kept unlabelled.

    Raises:
        SourceError: not a readable CSV, a column missing, an unknown split, or one class only.
    """
    header, rows = read_delimited(path, "path,label")
    file_column = _find(header, _PATHS)
    label_column = _find(header, _LABELS)
    split_column = _find(header, _SPLITS)
    if file_column is None or label_column is None:
        missing = _PATHS[0] if file_column is None else _LABELS[0]
        raise SourceError(
            f"{path}: no column {missing!r}; its columns are {', '.join(header) or 'none'}",
            f"Name the columns 'path' (or {', '.join(_PATHS[1:4])}) and 'label' (or {', '.join(_LABELS[1:3])}).",
        )
    paths: list[str] = []
    labels: list[str] = []
    splits: list[str] = []
    errors: list[str] = []
    for line, row in rows:
        text = row[file_column].strip()
        file = path.parent / text
        paths.append(str(file))
        labels.append(class_name(row[label_column]))
        splits.append(_split(path, line, row[split_column]) if split_column is not None else "")
        errors.append("" if text and file.is_file() else f"{file}: no such file" if text else "the row names no file")
    if not paths:
        raise SourceError(f"{path}: it has a header but no rows")
    if all(errors):
        raise SourceError(
            f"{path}: none of its {len(paths)} files exists, the first is {paths[0]}",
            f"Give absolute paths, or paths from {path.parent}.",
        )
    classes = class_order(labels)
    require_classes(classes, path)
    return Manifest.build(paths, labels, classes, splits=splits, errors=errors, name=path.stem)


def _find(header: Sequence[str], wanted: Sequence[str]) -> int | None:
    lowered = [name.lower() for name in header]
    return next((lowered.index(name) for name in wanted if name in lowered), None)


def _split(path: Path, line: int, text: str) -> str:
    split = split_name(text)
    if split is None and text.strip():
        raise SourceError(f"{path}: line {line} names the split {text!r}", f"Known splits: {', '.join(SPLITS)}.")
    return split or ""
