"""Tables as text: CSV with commas, semicolons or tabs, as spreadsheets write it, and as spreadsheets may open it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from hemascope.data.regular import require_regular
from hemascope.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd


class Delimited(NamedTuple):
    """The names of the columns, and every row that is not blank as (number of its line, its cells)."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


_FORMULA = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"  # as a formula begins; the last four are of full width
_DANGEROUS = re.compile(f"'*{_FORMULA}")
_DEFUSED = re.compile(f"'+{_FORMULA}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: ' before one that begins as such; numbers are none.

    Also before one that has a ' there already, so that `fused` gives every text again.

    >>> defused("=1+1.png"), defused("-0.5"), defused("cell.png"), defused("'=1")
    ("'=1+1.png", '-0.5', 'cell.png', "''=1")
    """
    return f"'{cell}" if _DANGEROUS.match(cell) and not _NUMBER.fullmatch(cell) else cell


def fused(cell: str) -> str:
    """The text that `defused` was given.

    >>> fused("'=1+1.png"), fused("-0.5"), fused("'cell'.png")
    ('=1+1.png', '-0.5', "'cell'.png")
    """
    return cell[1:] if _DEFUSED.match(cell) else cell


def write_delimited(file: TextIO, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV with commas: texts `defused`, and quoted where another program might end a cell or a row.

    Args:
        file: open for text with ``newline=""``.
        rows: of texts and numbers; None is an empty cell.
    """
    writer = csv.writer(_Lines(file), lineterminator=_QUOTED)
    writer.writerows([defused(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def as_delimited(table: "pd.DataFrame", float_format: str | None = None) -> str:
    """A table without its index as `write_delimited` writes it."""
    text = io.StringIO(table.to_csv(index=False, float_format=float_format, lineterminator="\r\n"), newline="")
    file = io.StringIO(newline="")
    write_delimited(file, csv.reader(text))
    return file.getvalue()


_QUOTED = "\r\n;\t"  # the csv module quotes cells that hold any character of what it ends lines with


class _Lines:
    """A file whose lines end in \\n, whatever the writer ends them with."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> None:
        self._file.write(line[: -len(_QUOTED)] + "\n")


def read_delimited(path: Path, example: str) -> Delimited:
    """Read a table in UTF-8; the first line tells which delimiter it has. What was `defused` is given as it was.

    Args:
        path: the file.
        example: a first line as it should be, for the error of an empty file.

    Raises:
        SourceError: not readable as text, no CSV, empty, or a row of another length than the header.
    """
    try:
        require_regular(path)
        with path.open(encoding="utf-8-sig", newline="") as file:  # a carriage return may be part of a name
            text = file.read()
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceError(f"{path}: not readable as text in UTF-8 ({problem})", "Save it as UTF-8.") from problem
    first = text.partition("\n")[0]
    if first.endswith("\r"):  # the lines end in \r\n, also those within a cell
        text = text.replace("\r\n", "\n")
    first = first.partition("\r")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, [*map(fused, row)]) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as problem:
        raise SourceError(f"{path}: not a readable CSV ({problem})") from problem
    if not rows:
        raise SourceError(f"{path}: the file is empty", f"Its first line names the columns: {example}")
    header = [cell.strip() for cell in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise SourceError(f"{path}: line {line} has {len(row)} columns, the header {len(header)}")
    return Delimited(header, rows[1:])
