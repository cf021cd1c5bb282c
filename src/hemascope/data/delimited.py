"""Tables as text: CSV with commas, semicolons or tabs, as spreadsheets write it."""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from hemascope.data.regular import require_regular
from hemascope.errors import SourceError


class Delimited(NamedTuple):
    """The names of the columns, and every row that is not blank as (number of its line, its cells)."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


def read_delimited(path: Path, example: str) -> Delimited:
    """Read a table in UTF-8; the first line tells which delimiter it has.

    Args:
        path: the file.
        example: a first line as it should be, for the error of an empty file.

    Raises:
        SourceError: not readable as text, no CSV, empty, or a row of another length than the header.
    """
    try:
        require_regular(path)
        with path.open(encoding="utf-8-sig", newline="") as file:  # a carriage return may be part of a name
            text = file.read().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceError(f"{path}: not readable as text in UTF-8 ({problem})", "Save it as UTF-8.") from problem
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as problem:
        raise SourceError(f"{path}: not a readable CSV ({problem})") from problem
    if not rows:
        raise SourceError(f"{path}: the file is empty", f"Its first line names the columns: {example}")
    header = [cell.strip() for cell in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise SourceError(f"{path}: line {line} has {len(row)} columns, the header {len(header)}")
    return Delimited(header, rows[1:])
