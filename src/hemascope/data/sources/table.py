"""A table of paths and labels: CSV, or Parquet."""

from pathlib import Path

from hemascope.data.containers.synthetic import SCHEME
from hemascope.data.kinds import is_predictions
from hemascope.data.listing import LABELS, LABORATORIES, SPLITS, column, missing, places, read_listing
from hemascope.data.manifest import SPLITS as KNOWN_SPLITS
from hemascope.data.manifest import Manifest
from hemascope.data.regular import is_file
from hemascope.data.sources.names import (
    class_names,
    class_order,
    laboratory_name,
    require_classes,
    spellings,
    split_name,
)
from hemascope.errors import SourceError


def read_table(path: Path, *, unlabelled: bool = False) -> Manifest:
    """List the images of a CSV (comma, semicolon or tab) with a header: a path and a label each.

    A column of splits and one of laboratories are read where there are any. Relative paths start at the CSV's own
    folder; ``file#member`` is an image inside a .npz, tar or Parquet file. A row whose file is missing is kept with an
    error; one with an empty label is kept unlabelled.

    Args:
        path: the CSV, or a Parquet file with these columns.
        unlabelled: a table without a column of labels, or without one label in it, will do.

    Raises:
        SourceError: not a readable table, a column missing, an unknown split, one class only, or two that would
            be called alike; or a table of predictions, whose labels are no truth.
    """
    table = read_listing(path)
    header, found = table.header, places(path, table)
    label_column = column(header, LABELS)
    split_column = column(header, SPLITS)
    laboratory_column = column(header, LABORATORIES)
    if is_predictions(header) and not unlabelled:
        raise SourceError(
            f"{path}: its labels are a model's, not the truth: it is a table of hemascope predict",
            "Name the images themselves; or, where every label was checked, delete the column 'confidence'.",
        )
    if label_column is None and not unlabelled:
        raise missing(header, path, LABELS[0])
    paths: list[str] = []
    members: list[str] = []
    splits: list[str] = []
    errors: list[str] = []
    for (line, row), (file, member) in zip(table.rows, found, strict=True):
        paths.append(file)
        members.append(member)
        splits.append(row_split(path, line, row[split_column]) if split_column is not None else "")
        there = file and (file.startswith(SCHEME) or is_file(file))
        errors.append("" if there else f"{file}: no such file" if file else "the row names no file")
    if not paths:
        raise SourceError(f"{path}: it has a header but no rows")
    if all(errors):
        raise SourceError(
            f"{path}: none of its {len(paths)} files exists, the first is {paths[0]}",
            f"Give absolute paths, or paths from {path.parent}.",
        )
    spelt = [row[label_column] if label_column is not None else "" for _, row in table.rows]
    labels = class_names(spelt, path)
    classes = class_order(labels)
    if classes or not unlabelled:
        require_classes(classes, path)
    return Manifest.build(
        paths,
        labels,
        classes,
        members=members,
        splits=splits,
        laboratories=[
            laboratory_name(row[laboratory_column]) if laboratory_column is not None else "" for _, row in table.rows
        ],
        errors=errors,
        name=path.stem,
        spelt=spellings(spelt, labels),
    )


def row_split(path: object, line: int, text: str) -> str:
    """The split that a cell of a table names, "" where it is blank.

    Raises:
        SourceError: it names no known split.
    """
    split = split_name(text)
    if split is None and text.strip():
        raise SourceError(f"{path}: line {line} names the split {text!r}", f"Known splits: {', '.join(KNOWN_SPLITS)}.")
    return split or ""
