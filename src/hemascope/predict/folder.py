"""Predictions in parts: a folder of Parquet files, each written whole, that is a table for whatever reads such folders.

``part-00000.parquet`` and those after it are the rows in order, their columns and metadata those of one Parquet table.
``_predictions.json``, which readers of such folders pass over, says what made them, and when all are there, how many.
A part that stands is done: it is checked against the images when a run goes on, and not made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.errors import ModelFileError, RunError, SourceError
from hemascope.files import atomic, writing
from hemascope.formats import read_versioned, write_versioned
from hemascope.predict import rows
from hemascope.predict.journal import table_schema
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block, Runnable

FORMAT_VERSION = 1

MANIFEST = "_predictions.json"
"""Name of the file that says what a folder of parts is."""

_NAME = re.compile(r"part-(\d{5,})\.parquet")
_LEFT = ".part-*.tmp.parquet"  # half written by a killed process
_ANEW = "Start anew: --overwrite."


class Folder:
    """A folder of parts.

    Attributes:
        path: of it.
        schema: of its parts.
        before: images in the parts that an earlier run left.
        complete: whether that run had finished.
    """

    def __init__(self, path: Path, classifier: Runnable, layout: Layout, sources: Sequence[str]) -> None:
        self.path = path
        self.schema = table_schema(classifier, layout)
        self.before, self.complete = 0, False
        self._classifier = classifier
        self._about = {
            "model": {"name": classifier.card.name, "sha256": classifier.digest},
            "columns": layout.columns,
            "thresholds": layout.metadata(),
            "sources": [rows.printable(source) for source in sources],
        }
        self._left: dict[int, int] = {}  # parts of an earlier run -> images

    def create(self) -> None:
        """Begin it, without what an earlier run left, which the user must have allowed.

        Raises:
            WriteError: it cannot be written.
        """
        clear(self.path)
        self._write({"complete": False})

    def resume(self) -> None:
        """Take what an earlier run left; parts that are damaged are removed, and made again.

        Raises:
            SourceError: not a folder of parts, or one with other columns.
            ModelFileError: another model made it.
        """
        then = manifest(self.path)
        if then is None:
            self.create()
            return
        model = then.get("model") or {}
        if model.get("sha256") != self._classifier.digest:
            raise ModelFileError(
                f"{self.path}: made with another model ({model.get('name')}, SHA-256"
                f" {str(model.get('sha256'))[:12]}…) than {self._classifier.path}",
                "Give the same --model to go on, or start anew with --overwrite.",
            )
        if any(then.get(key) != self._about[key] for key in ("columns", "thresholds")):
            raise SourceError(
                f"{self.path}: made with another --coverage, or other --attributes",
                "Give the same ones to go on, or start anew with --overwrite.",
            )
        self.complete = bool(then.get("complete"))
        for number, file in numbered(self.path):
            try:
                about = pq.read_metadata(file)
                if not about.schema.to_arrow_schema().equals(self.schema):
                    raise SourceError(f"{file}: made with another --coverage, or other --attributes", _ANEW)
                self._left[number] = about.num_rows
            except (pa.ArrowException, OSError):
                self.complete = False
                with writing(file):
                    file.unlink()
        self.before = sum(self._left.values())

    def taken(self, number: int, names: Sequence[str]) -> int | None:
        """How many images of a part have failed where an earlier run did it; None where it is to be done.

        Args:
            number: of the part.
            names: of its images.

        Raises:
            SourceError: it has other images.
        """
        if self._left.pop(number, None) is None:
            return None
        file = self.file(number)
        try:
            with pq.ParquetFile(file) as table:
                found = table.read(["path", "error"])
            then = found.column("path").to_pylist()
        except (pa.ArrowException, OSError, KeyError):
            return None  # damaged: made again, in its place
        for place, name in enumerate(map(rows.printable, names)):
            if place >= len(then) or then[place] != name:
                raise rows.other_images(file, "the run before", name, then[place] if place < len(then) else "nothing")
        if len(then) > len(names):
            raise rows.other_images(file, "the run before", "nothing", then[len(names)])
        return int(len(then) - found.column("error").null_count)

    def file(self, number: int) -> Path:
        """Of a part."""
        return self.path / f"part-{number:05d}.parquet"

    def write(self, number: int, block: Block) -> None:
        """Write a part, whole or not at all; it outlives the process from here on.

        Raises:
            WriteError: it cannot be written.
        """
        table = pa.Table.from_batches([rows.to_arrow(block, self.schema)])
        with atomic(self.file(number), then="Then go on with --resume.") as temporary:
            pq.write_table(table, temporary)

    def finish(self, parts: int, images: int, failed: int) -> None:
        """Say that all parts are there.

        Raises:
            SourceError: an earlier run left more of them, of other images.
            WriteError: it cannot be written.
        """
        if self._left:
            raise SourceError(
                f"{self.file(min(self._left))}: the images are not those of the run before, which had more",
                "Give the same paths from the same folder to go on, or start anew with --overwrite.",
            )
        self._write({"complete": True, "parts": parts, "images": images, "failed": failed})

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of all parts, in order."""
        for _, file in numbered(self.path):
            with pq.ParquetFile(file) as table:
                for batch in table.iter_batches():
                    yield batch.replace_schema_metadata(self.schema.metadata)

    def _write(self, state: dict[str, Any]) -> None:
        write_versioned(self.path / MANIFEST, {**self._about, **state}, FORMAT_VERSION)


def numbered(folder: Path) -> list[tuple[int, Path]]:
    """The parts of a folder and their numbers, in order."""
    found = ((_NAME.fullmatch(path.name), path) for path in (folder.iterdir() if folder.is_dir() else ()))
    return sorted((int(match[1]), path) for match, path in found if match)


def manifest(folder: Path) -> dict[str, Any] | None:
    """What made a folder of parts; None where it is none.

    Raises:
        SourceError: it is damaged, or of a newer release.
    """
    try:
        return read_versioned(
            folder / MANIFEST, dict, FORMAT_VERSION, what="what a folder of predictions is", remedy=_ANEW
        )
    except RunError as problem:
        raise SourceError(problem.problem, problem.remedy) from problem


def clear(folder: Path) -> None:
    """Remove the parts of an earlier run, and nothing else.

    Raises:
        WriteError: they cannot be removed.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in (*(path for _, path in numbered(folder)), *folder.glob(_LEFT), folder / MANIFEST):
            path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove parts that have been joined, and their folder."""
    clear(folder)
    with suppress(OSError):  # something else is in it
        folder.rmdir()


def check_folder(output: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse, before any work, to write parts where something is that the user has not given up.

    Raises:
        SourceError: predictions are there already, an interrupted run left some, or other files are.
    """
    if not output.exists():
        return
    if not output.is_dir():
        raise SourceError(f"{output}: is a file", "Give the name of a folder, or end it in .csv, .parquet or .jsonl.")
    try:
        then = manifest(output)
    except SourceError:
        if not overwrite:
            raise
        return
    if then is None and any(output.iterdir()):
        raise SourceError(f"{output}: holds other files than predictions", "Give the name of a new folder.")
    if then is None or resume or overwrite:
        return
    if then.get("complete"):
        raise SourceError(f"{output}: exists already", "Give another name, or --overwrite to replace it.")
    raise SourceError(
        f"{output}: an interrupted run left this", "Go on with it by --resume, or start anew by --overwrite."
    )
