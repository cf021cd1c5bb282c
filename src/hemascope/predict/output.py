"""From a journal to the file the user asked for: CSV, Parquet or JSON Lines, by its suffix."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.errors import SourceError
from hemascope.files import atomic
from hemascope.predict import rows
from hemascope.predict.rows import Layout

if TYPE_CHECKING:
    from hemascope.predict.journal import Journal

SUFFIXES = (".csv", ".parquet", ".jsonl")
"""What the name of an output may end in."""

_ROW_GROUP = 16_384  # rows gathered before Parquet writes them


def journal_path(output: Path) -> Path:
    """Where the journal of an output is.

    >>> journal_path(Path("out.csv")).name
    'out.csv.partial'
    """
    return output.with_name(output.name + ".partial")


def check_format(output: Path) -> None:
    """Refuse an output of unknown format, before any work.

    Raises:
        SourceError: the suffix is none of `SUFFIXES`, or the path is a folder.
    """
    if output.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{output}: unknown kind of table", f"End the name in {', '.join(SUFFIXES)}.")
    if output.is_dir():
        raise SourceError(f"{output}: is a folder", "Give the name of a file.")


def write(journal: "Journal", output: Path) -> None:
    """Write the journal's rows to ``output``, whole or not at all, holding few of them at a time."""
    with atomic(output) as temporary:
        if output.suffix.lower() == ".parquet":
            _write_parquet(journal, temporary)
        else:
            _write_lines(journal, temporary, as_csv=output.suffix.lower() == ".csv")


def failures(output: Path) -> int:
    """How many images failed, by the rows of a finished output.

    Raises:
        SourceError: not a table of predictions.
    """
    try:
        if output.suffix.lower() == ".parquet":
            return _parquet_failures(output)
        with output.open(encoding="utf-8", newline="") as file:
            if output.suffix.lower() == ".csv":
                return sum(bool(row["error"]) for row in csv.DictReader(file))
            return sum(bool(json.loads(line)["error"]) for line in file)
    except (OSError, ValueError, KeyError) as problem:  # pyarrow's ArrowInvalid is a ValueError
        raise SourceError(f"{output}: not a table of predictions", "Give another name, or --overwrite.") from problem


def _parquet_failures(output: Path) -> int:
    import pyarrow.parquet as pq

    with pq.ParquetFile(output) as table:
        if "error" not in table.schema_arrow.names:
            raise KeyError("error")
        batches = table.iter_batches(columns=["error"])
        return sum(batch.num_rows - batch.column(0).null_count for batch in batches)


def _write_parquet(journal: "Journal", path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, journal.schema) as writer:
        held: list[pa.RecordBatch] = []
        for batch in journal.batches():
            held.append(batch)
            if sum(part.num_rows for part in held) >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(held))
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held))


def _write_lines(journal: "Journal", path: Path, *, as_csv: bool) -> None:
    layout = Layout.of_schema(journal.schema)
    with path.open("w", encoding="utf-8", newline="") as file:
        if as_csv:
            rows.write_csv_header(file, layout)
        for batch in journal.batches():
            (rows.write_csv if as_csv else rows.write_jsonl)(file, rows.from_arrow(batch), layout)
