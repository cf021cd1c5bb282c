"""The journal of a run beside its output: what is done stays done, whatever ends the run.

``out.csv.partial`` is an Arrow IPC stream without its end mark: a schema, whose metadata say which model made
it, then a record batch for every block of results, appended as it is ready. A killed run leaves at worst its
last batch incomplete; going on cuts that off. When all is done the journal becomes the output and is deleted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from hemascope.errors import ModelFileError, SourceError
from hemascope.files import atomic
from hemascope.predict import rows
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block, Runnable

FORMAT_VERSION = 1


class Journal:
    """A journal open for appending.

    Attributes:
        path: its file.
        schema: of the table of predictions, with the model in its metadata.
        rows: images in it.
        failed: how many of them failed.
    """

    def __init__(self, path: Path, schema: pa.Schema, end: int, n: int, failed: int) -> None:
        self.path = path
        self.schema = schema
        self.rows = n
        self.failed = failed
        self._file: IO[bytes] = path.open("r+b")
        self._file.truncate(end)
        self._file.seek(end)

    @classmethod
    def create(cls, path: Path, classifier: Runnable, coverage: float | None = None) -> "Journal":
        """Begin a journal, in place of any that is there; ``coverage`` adds the column of sets."""
        schema = _schema(classifier, coverage)
        head = schema.serialize().to_pybytes()
        with atomic(path) as temporary:
            temporary.write_bytes(head)
        return cls(path, schema, len(head), 0, 0)

    @classmethod
    def resume(cls, path: Path, classifier: Runnable, coverage: float | None = None) -> "Journal":
        """Open a journal that an earlier run left, without what that run had half written.

        Raises:
            SourceError: not a journal, or one with other columns.
            ModelFileError: another model made it.
        """
        wanted = _schema(classifier, coverage)
        with pa.OSFile(str(path)) as file:
            try:
                schema = pa.ipc.read_schema(file)
                about = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
                version = int(about["hemascope.format_version"])
            except (pa.ArrowInvalid, OSError, EOFError, KeyError, ValueError) as problem:
                raise SourceError(f"{path}: no journal of a run ({problem})", "Start anew: --overwrite.") from problem
            if version > FORMAT_VERSION:
                raise SourceError(f"{path}: format {version} is newer than known here", "Start anew: --overwrite.")
            if about["hemascope.model_sha256"] != classifier.digest:
                raise ModelFileError(
                    f"{path}: made with another model ({about.get('hemascope.model')},"
                    f" SHA-256 {about.get('hemascope.model_sha256', '')[:12]}…) than {classifier.path}",
                    "Give the same --model to go on, or start anew with --overwrite.",
                )
            if not schema.equals(wanted, check_metadata=True):
                raise SourceError(
                    f"{path}: made with another --coverage",
                    "Give the same one to go on, or start anew with --overwrite.",
                )
            end, n, failed = file.tell(), 0, 0
            for batch in _batches(file, schema):
                end, n = file.tell(), n + batch.num_rows
                failed += batch.num_rows - batch.column(batch.num_columns - 1).null_count
        return cls(path, wanted, end, n, failed)

    def append(self, block: Block) -> None:
        """Add results; they outlive the process from here on."""
        self._file.write(rows.to_arrow(block, self.schema).serialize().to_pybytes())
        self._file.flush()
        self.rows += len(block.paths)
        self.failed += sum(map(bool, block.errors))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """What is in it so far, in order, a batch at a time."""
        with pa.OSFile(str(self.path)) as file:
            schema = pa.ipc.read_schema(file)
            yield from _batches(file, schema)

    def paths(self) -> Iterator[str]:
        """Names of the images in it, in order."""
        for batch in self.batches():
            yield from batch.column(0).to_pylist()

    def close(self) -> None:
        """Close the file, which stays."""
        self._file.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _schema(classifier: Runnable, coverage: float | None) -> pa.Schema:
    about = {
        "hemascope.format_version": str(FORMAT_VERSION),
        "hemascope.model": classifier.card.name,
        "hemascope.model_sha256": classifier.digest,
    }
    return rows.schema(Layout.of(classifier, coverage), about)


def _batches(file: pa.OSFile, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The whole batches from here on; what an ended run half wrote is passed over."""
    while True:
        try:
            batch = pa.ipc.read_record_batch(pa.ipc.read_message(file), schema)
            batch.validate()
        except (pa.ArrowInvalid, OSError, EOFError):
            return
        yield batch
