"""From a journal to the file the user asked for: CSV, Parquet or JSON Lines, by its suffix."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hemascope.data.delimited import fused
from hemascope.data.regular import to_open
from hemascope.data.remote.delivery import staged
from hemascope.data.remote.url import is_url
from hemascope.errors import SourceError
from hemascope.files import atomic
from hemascope.predict import rows
from hemascope.predict.rows import APPEARANCE, Layout

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
    here = staged(str(output)) if is_url(str(output)) else output
    return here.with_name(here.name + ".partial")


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
    with atomic(output, then="Then go on with --resume.") as temporary:
        if output.suffix.lower() == ".parquet":
            _write_parquet(journal, temporary)
        else:
            _write_lines(journal, temporary, as_csv=output.suffix.lower() == ".csv")


def model_digest(output: Path) -> str | None:
    """SHA-256 of the model that made a finished output; None where the table does not tell, as CSV cannot.

    Raises:
        SourceError: not a table of predictions.
    """
    if output.suffix.lower() != ".parquet":
        return None
    import pyarrow.parquet as pq

    from hemascope.predict.journal import DIGEST_KEY

    try:
        about = pq.read_schema(to_open(output)).metadata or {}
    except (OSError, ValueError) as problem:
        raise _no_table(output) from problem
    digest = about.get(DIGEST_KEY.encode())
    return None if digest is None else digest.decode(errors="replace")


def read_rows(output: Path) -> Iterator[dict[str, Any]]:
    """The rows of a finished output, one after another, as `hemascope.predict.rows.as_dicts` gives them.

    Raises:
        SourceError: not a table of predictions.
    """
    read = {".parquet": _parquet_rows, ".csv": _csv_rows, ".jsonl": _json_rows}[output.suffix.lower()]
    try:
        for row in read(output):
            if not {"path", "label", "error"} <= row.keys():
                raise KeyError("error")
            yield row
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:  # ArrowInvalid is a ValueError
        raise _no_table(output) from problem


def _no_table(output: Path) -> SourceError:
    return SourceError(f"{output}: not a table of predictions", "Give another name, or --overwrite.")


def _parquet_rows(output: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(to_open(output)) as table:
        for batch in table.iter_batches():
            yield from batch.to_pylist()


def _json_rows(output: Path) -> Iterator[dict[str, Any]]:
    with output.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _csv_rows(output: Path) -> Iterator[dict[str, Any]]:
    with output.open(encoding="utf-8", newline="") as file:
        lines = ([*map(fused, cells)] for cells in csv.reader(file) if cells)
        header = next(lines, [])
        layout = Layout.of_columns(header)
        texts = {"path", "label", "set", APPEARANCE, *layout.attributes, "error"}
        for cells in lines:
            found: dict[str, Any] = {name: cell or None for name, cell in zip(header, cells, strict=True)}
            numbers = {name: float(value) for name, value in found.items() if value and name not in texts}
            flag = {"is_unknown": found["is_unknown"] == "1"} if found.get("is_unknown") else {}
            yield {**found, **numbers, **flag}


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
