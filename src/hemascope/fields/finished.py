"""A count in its folder: what says that it is finished, what an interrupted one leaves, and whether it is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hemascope.errors import RunError, SourceError
from hemascope.fields.defaults import FORMATS
from hemascope.fields.journal import Made, same_made
from hemascope.fields.outputs.coco import FILE_NAME as COCO_FILE
from hemascope.fields.outputs.write import PAGE
from hemascope.fields.totals import FIELDS_FILE, Totals, field_names
from hemascope.files import check_folder
from hemascope.formats import read_versioned, write_versioned
from hemascope.predict.differential import differential as counting
from hemascope.predict.finished import take
from hemascope.predict.items import Item

FORMAT_VERSION = 1
SUMMARY = "count.json"
"""Name of the file that says what a finished count was made with, and what it adds up to. It is written last."""

JOURNAL = "cells.partial"
"""Name of what an interrupted count leaves."""


def write_summary(folder: Path, content: dict[str, Any]) -> None:
    """Say that a count is finished.

    Raises:
        WriteError: it cannot be written.
    """
    write_versioned(folder / SUMMARY, content, FORMAT_VERSION)


def check_count(folder: Path, *, resume: bool, overwrite: bool, held: bool = False) -> None:
    """Refuse, before any work, to write where something is that the user has not given up.

    Args:
        folder, resume, overwrite: as of `run`.
        held: whether no other run can be at it, so that a journal is that of an interrupted one.

    Raises:
        SourceError: a count, another file of these names, or an interrupted run is there already.
    """
    check_folder(folder)
    if resume and overwrite:
        raise SourceError("--resume and --overwrite exclude each other", "Give the one you mean.")
    if resume or overwrite:
        return
    names = [*(f"cells.{format}" for format in FORMATS), FIELDS_FILE, counting.FILE, COCO_FILE, PAGE, SUMMARY]
    for path in (folder / name for name in names):
        if path.exists():
            raise SourceError(f"{path}: exists already", "Give another folder, or --overwrite to replace it.")
    if held and (folder / JOURNAL).exists():
        raise SourceError(
            f"{folder / JOURNAL}: an interrupted run left this",
            "Go on with it by --resume, or start anew by --overwrite.",
        )


def finished(folder: Path, made: Made, format: str, images: Iterator[Item]) -> Totals:
    """The totals of a finished count, which must be what a run would write now.

    Raises:
        SourceError: it is of other fields, damaged, or its table is of another format.
        ModelFileError: it was made with other models, or with other attributes.
    """
    path = folder / SUMMARY

    def build(values: dict[str, Any]) -> tuple[Made, Totals]:
        return values, Totals.of_dict(values)

    try:
        found = read_versioned(path, build, FORMAT_VERSION, what="a count", remedy="Start anew: --overwrite.")
    except RunError as problem:
        raise SourceError(problem.problem, problem.remedy) from problem
    assert found is not None
    then, totals = found
    same_made(path, then, made)
    if not (folder / f"cells.{format}").exists():
        raise SourceError(f"{folder}: has no cells.{format}", "Give the same --format, or --overwrite to start anew.")
    for name in field_names(folder / FIELDS_FILE):
        take(images, name, folder / FIELDS_FILE, "this count")
    if (more := next(images, None)) is not None:
        raise SourceError(
            f"{folder}: {more.path} is not among its fields", "Give the same sources, or --overwrite to start anew."
        )
    return totals
