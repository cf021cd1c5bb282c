"""The journal of a run beside its output: what is done stays done, whatever ends the run.

``out.csv.partial`` begins with a line that says what it is. Parts follow, each with its length and checksum before it:
an Arrow schema, whose metadata say which model made the rows, then a record batch for every block of results, appended
as it is ready. A killed run leaves at worst its last part incomplete; going on cuts off whatever is not as it was
written, with all behind it, and those images are classified again. When all is done the journal becomes the output
and is deleted.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from hemascope.errors import ModelFileError, SourceError
from hemascope.files import atomic, writing
from hemascope.predict import rows
from hemascope.predict.parts import part, parts
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block, Runnable

FORMAT_VERSION = 2

MODEL_KEY, DIGEST_KEY = "hemascope.model", "hemascope.model_sha256"
"""Where the metadata of a table's schema name the model."""

_MAGIC = b"hemascope predict\n"
_FORMER = b"\xff\xff\xff\xff"  # release 0.1.0 began with Arrow's own mark
_ANEW = "Start anew: --overwrite."


class Journal:
    """A journal open for appending.

    Attributes:
        path: its file.
        schema: of the table of predictions, with the model in its metadata.
        rows: images in it.
        failed: how many of them failed.
        lost: bytes that were cut off because they were not as they had been written.
    """

    def __init__(self, path: Path, schema: pa.Schema, end: int, n: int, failed: int) -> None:
        self.path = path
        self.schema = schema
        self.rows = n
        self.failed = failed
        self._file: IO[bytes] = path.open("r+b")
        self.lost = self._file.seek(0, os.SEEK_END) - end
        self._file.truncate(end)
        self._file.seek(end)

    @classmethod
    def create(cls, path: Path, classifier: Runnable, layout: Layout | None = None) -> "Journal":
        """Begin a journal, in place of any that is there; its columns are the classifier's own where not given."""
        schema = table_schema(classifier, layout)
        head = _MAGIC + part(schema.serialize().to_pybytes())
        with atomic(path) as temporary:
            temporary.write_bytes(head)
        return cls(path, schema, len(head), 0, 0)

    @classmethod
    def resume(cls, path: Path, classifier: Runnable, layout: Layout | None = None) -> "Journal":
        """Open a journal that an earlier run left, without what is not as that run wrote it.

        Raises:
            SourceError: not a journal, one whose head is damaged, or one with other columns.
            ModelFileError: another model made it.
        """
        wanted = table_schema(classifier, layout)
        with path.open("rb") as file:
            former = file.read(len(_FORMER)) == _FORMER
        if former:
            _renew(path)
        with path.open("rb") as file:
            schema = _head(file, path)
            about = {key.decode(): value.decode() for key, value in schema.metadata.items()}
            if about.get(DIGEST_KEY) != classifier.digest:
                raise ModelFileError(
                    f"{path}: made with another model ({about.get(MODEL_KEY)},"
                    f" SHA-256 {about.get(DIGEST_KEY, '')[:12]}…) than {classifier.path}",
                    "Give the same --model to go on, or start anew with --overwrite.",
                )
            if not schema.equals(wanted, check_metadata=True):
                raise SourceError(
                    f"{path}: made with another --coverage, or other --attributes",
                    "Give the same ones to go on, or start anew with --overwrite.",
                )
            end, n, failed = file.tell(), 0, 0
            for batch in _batches(file, schema):
                end, n = file.tell(), n + batch.num_rows
                failed += batch.num_rows - batch.column(batch.num_columns - 1).null_count
        return cls(path, wanted, end, n, failed)

    def append(self, block: Block) -> None:
        """Add results; they outlive the process from here on.

        Raises:
            WriteError: they cannot be written; what was added before is kept.
        """
        with writing(self.path, then="Then go on with --resume."):
            self._file.write(part(rows.to_arrow(block, self.schema).serialize().to_pybytes()))
            self._file.flush()
        self.rows += len(block.paths)
        self.failed += sum(map(bool, block.errors))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """What is in it, in order, a batch at a time.

        Raises:
            SourceError: it does not hold the rows any more that it was given; the journal stays.
        """
        found = 0
        with self.path.open("rb") as file:
            schema = _head(file, self.path)
            for batch in _batches(file, schema):
                found += batch.num_rows
                yield batch
        if found != self.rows:
            raise SourceError(
                f"{self.path}: holds {found:,} whole rows of the {self.rows:,} that were written",
                "Something else changed it, or the disk fails. --resume does again what is damaged.",
            )

    def paths(self) -> Iterator[str]:
        """Names of the images in it, in order."""
        for batch in self.batches():
            yield from batch.column(0).to_pylist()

    def close(self) -> None:
        """Close the file, which stays."""
        with contextlib.suppress(OSError):  # only what could not be written is not yet there, and that was said
            self._file.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def table_schema(classifier: Runnable, layout: Layout | None = None) -> pa.Schema:
    """The schema of a classifier's predictions, which tells the model; its own columns where no layout is given."""
    about = {
        "hemascope.format_version": str(FORMAT_VERSION),
        MODEL_KEY: classifier.card.name,
        DIGEST_KEY: classifier.digest,
    }
    return rows.schema(layout or Layout.of(classifier), about)


def _renew(path: Path) -> None:
    """Give a journal of release 0.1.0, Arrow's stream without checksums, today's form.

    Raises:
        SourceError: not one.
    """
    with pa.OSFile(str(path)) as file:
        try:
            schema = pa.ipc.read_schema(file)
        except (pa.ArrowException, OSError, EOFError) as problem:
            raise SourceError(f"{path}: no journal of a run ({problem})", _ANEW) from problem
        about = {**(schema.metadata or {}), b"hemascope.format_version": str(FORMAT_VERSION).encode()}
        kept = [part(schema.with_metadata(about).serialize().to_pybytes())]
        while True:
            try:
                batch = pa.ipc.read_record_batch(pa.ipc.read_message(file), schema)
            except (pa.ArrowException, OSError, EOFError):
                break  # the last, half written
            kept.append(part(batch.serialize().to_pybytes()))
    with atomic(path) as temporary:
        temporary.write_bytes(_MAGIC + b"".join(kept))


def _head(file: IO[bytes], path: Path) -> pa.Schema:
    """The schema of a journal, behind which the file then stands.

    Raises:
        SourceError: not a journal of this format, or its head is damaged.
    """
    begin = file.read(len(_MAGIC))
    if begin != _MAGIC:
        raise SourceError(f"{path}: no journal of a run", _ANEW)
    content = next(parts(file), None)
    if content is None:
        raise SourceError(f"{path}: the journal's head is damaged", _ANEW)
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(content))
        version = int(schema.metadata[b"hemascope.format_version"])
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as problem:
        raise SourceError(f"{path}: no journal of a run ({problem})", _ANEW) from problem
    if version > FORMAT_VERSION:
        raise SourceError(f"{path}: format {version} is newer than known here", _ANEW)
    return schema


def _batches(file: IO[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The whole batches from here on."""
    for content in parts(file):
        try:
            batch = pa.ipc.read_record_batch(pa.py_buffer(content), schema)
            batch.validate(full=True)
        except (pa.ArrowException, OSError):
            return
        yield batch
