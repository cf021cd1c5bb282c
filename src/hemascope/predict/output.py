"""From a journal to the file the user asked for: CSV, Parquet or JSON Lines, by its suffix."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hemascope.data.delimited import fused
from hemascope.data.regular import to_open
from hemascope.data.remote.delivery import staged
from hemascope.data.remote.url import is_url
from hemascope.errors import SourceError
from hemascope.files import atomic
from hemascope.predict import rows
from hemascope.predict.rows import APPEARANCE, Layout

if TYPE_CHECKING:
    import pyarrow as pa

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


def parts_path(output: Path) -> Path:
    """Where a cluster's parts of an output are until they are joined.

    >>> parts_path(Path("out.csv")).name
    'out.csv.parts'
    """
    return output.with_name(output.name + ".parts")


def is_folder(output: Path) -> bool:
    """Whether an output is a folder of parts, as a cluster writes: one that is there, or a name without a suffix."""
    return output.is_dir() or not output.suffix


def interrupted(output: Path, *, cluster: bool) -> Path:
    """What an interrupted run leaves of a table: the journal of this machine, or the parts of a cluster."""
    return parts_path(output) if cluster else journal_path(output)


def check_output(output: Path, *, cluster: bool, resume: bool, overwrite: bool, held: bool = False) -> None:
    """Refuse, before any work, to write where something is that the user has not given up.

    Args:
        output, resume, overwrite: as of `hemascope.predict.run.run`.
        cluster: whether a cluster writes it, which may be a folder then.
        held: whether no other run can be at it, so that a journal is that of an interrupted one.

    Raises:
        SourceError: unknown format, an output or an interrupted run is there already, or one of the other way, which
            can be gone on with in its own only.
    """
    if resume and overwrite:
        raise SourceError("--resume and --overwrite exclude each other", "Give the one you mean.")
    if cluster and is_folder(output):
        from hemascope.predict.folder import check_folder

        check_folder(output, resume=resume, overwrite=overwrite)
        return
    check_format(output)
    if overwrite:
        return
    if output.exists() and not resume:
        raise SourceError(f"{output}: exists already", "Give another name, or --overwrite to replace it.")
    if not held:
        return
    if (other := interrupted(output, cluster=not cluster)).exists():
        way = "here, without --on" if cluster else "on a cluster, by --on"
        raise SourceError(
            f"{other}: a run {way}, left this when it was interrupted",
            "Go on with it in that way by --resume, or start anew by --overwrite.",
        )
    if not resume and (own := interrupted(output, cluster=cluster)).exists():
        raise SourceError(
            f"{own}: an interrupted run left this", "Go on with it by --resume, or start anew by --overwrite."
        )


def check_format(output: Path) -> None:
    """Refuse an output of unknown format, before any work.

    Raises:
        SourceError: the suffix is none of `SUFFIXES`, or the path is a folder.
    """
    if output.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{output}: unknown kind of table", f"End the name in {', '.join(SUFFIXES)}.")
    if output.is_dir():
        raise SourceError(f"{output}: is a folder", "Give the name of a file.")


class Rows(Protocol):
    """A table in record batches: a `Journal`, or a `Folder` of parts."""

    schema: "pa.Schema"

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """Its rows in order, few at a time."""


def write(journal: Rows, output: Path) -> None:
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
    readers = {".parquet": _parquet_rows, ".csv": _csv_rows, ".jsonl": _json_rows}
    read = _folder_rows if output.is_dir() else readers[output.suffix.lower()]
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


def _folder_rows(output: Path) -> Iterator[dict[str, Any]]:
    from hemascope.predict.folder import numbered

    for _, file in numbered(output):
        yield from _parquet_rows(file)


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


def _write_parquet(journal: Rows, path: Path) -> None:
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


def _write_lines(journal: Rows, path: Path, *, as_csv: bool) -> None:
    layout = Layout.of_schema(journal.schema)
    with path.open("w", encoding="utf-8", newline="") as file:
        if as_csv:
            rows.write_csv_header(file, layout)
        for batch in journal.batches():
            (rows.write_csv if as_csv else rows.write_jsonl)(file, rows.from_arrow(batch), layout)
