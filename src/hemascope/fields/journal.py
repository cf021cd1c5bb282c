"""The journal of a count: fields that are done stay done, whatever ends the run.

``cells.partial`` in the folder begins with a line that says what it is. Parts follow, each with its length and checksum
(`hemascope.predict.parts`): what the count is made with, then every field as it is ready, as JSON. A killed run leaves
at worst its last part incomplete; going on cuts off whatever is not as it was written, with all behind it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import IO, Any

from hemascope.errors import ModelFileError, SourceError
from hemascope.fields.cell import Cell
from hemascope.fields.read import FieldRead
from hemascope.files import atomic, writing
from hemascope.formats import parse_versioned, to_versioned
from hemascope.predict.parts import part, parts

FORMAT_VERSION = 1

_MAGIC = b"hemascope count\n"
_ANEW = "Start anew: --overwrite."
_KEPT = [item.name for item in fields(FieldRead) if item.name not in ("cells", "pixels", "colours", "probabilities")]

Made = dict[str, Any]
"""What a count is made with: the detector, the model, and whether attributes were asked for."""


class Journal:
    """A journal open for appending.

    Attributes:
        path: its file.
        fields: how many are in it.
        lost: bytes that were cut off because they were not as they had been written.
    """

    def __init__(self, path: Path, end: int, count: int) -> None:
        self.path = path
        self.fields = count
        self._file: IO[bytes] = path.open("r+b")
        self.lost = self._file.seek(0, os.SEEK_END) - end
        self._file.truncate(end)
        self._file.seek(end)

    @classmethod
    def create(cls, path: Path, made: Made) -> Journal:
        """Begin a journal, in place of any that is there."""
        head = _MAGIC + part(to_versioned(made, FORMAT_VERSION, indent=None).encode())
        with atomic(path) as temporary:
            temporary.write_bytes(head)
        return cls(path, len(head), 0)

    @classmethod
    def resume(cls, path: Path, made: Made) -> Journal:
        """Open a journal that an earlier run left, without what is not as that run wrote it.

        Raises:
            SourceError: not a journal, or one whose head is damaged.
            ModelFileError: it was made with other models, or with other attributes.
        """
        with path.open("rb") as file:
            same_made(path, _head(file, path), made)
            end, count = file.tell(), 0
            for _ in _fields(file):
                end, count = file.tell(), count + 1
        return cls(path, end, count)

    def append(self, read: FieldRead) -> None:
        """Add a field; it outlives the process from here on.

        Raises:
            WriteError: it cannot be written; what was added before is kept.
        """
        with writing(self.path, then="Then go on with --resume."):
            self._file.write(part(_as_json(read)))
            self._file.flush()
        self.fields += 1

    def read(self) -> Iterator[FieldRead]:
        """The fields in it, in order.

        Raises:
            SourceError: it does not hold the fields any more that it was given; the journal stays.
        """
        found = 0
        with self.path.open("rb") as file:
            _head(file, self.path)
            for read in _fields(file):
                found += 1
                yield read
        if found != self.fields:
            raise SourceError(
                f"{self.path}: holds {found:,} whole fields of the {self.fields:,} that were written",
                "Something else changed it, or the disk fails. --resume does again what is damaged.",
            )

    def cells(self) -> Iterator[Cell]:
        """The cells of all fields, in order."""
        for read in self.read():
            yield from read.cells

    def close(self) -> None:
        """Close the file, which stays."""
        with contextlib.suppress(OSError):  # only what could not be written is not yet there, and that was said
            self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_part(path: Path, reads: Sequence[FieldRead]) -> None:
    """Write fields that wait for those before them, whole or not at all.

    Raises:
        WriteError: they cannot be written.
    """
    with atomic(path, then="Then go on with --resume.") as temporary:
        temporary.write_bytes(_MAGIC + b"".join(part(_as_json(read)) for read in reads))


def read_part(path: Path) -> list[FieldRead]:
    """The fields that `write_part` wrote; none where there is no such file, or it is damaged."""
    try:
        with path.open("rb") as file:
            return list(_fields(file)) if file.read(len(_MAGIC)) == _MAGIC else []
    except OSError:
        return []


def same_made(path: Path, then: Made, now: Made) -> None:
    """Make sure that a count was made with what is asked for now.

    Raises:
        ModelFileError: it was not.
    """
    for what in ("detector", "model"):
        if then.get(what, {}).get("sha256") != now[what]["sha256"]:
            other, own = then.get(what, {}), now[what]
            raise ModelFileError(
                f"{path}: made with another {what} ({other.get('name')}, SHA-256 {str(other.get('sha256'))[:12]}…)"
                f" than {own['name']} (SHA-256 {own['sha256'][:12]}…)",
                f"Give the same --{what} to go on, or start anew with --overwrite.",
            )
    if then.get("attributes") != now["attributes"]:
        raise ModelFileError(
            f"{path}: made {'without' if now['attributes'] else 'with'} --attributes",
            "Give the same options to go on, or start anew with --overwrite.",
        )


def _as_json(read: FieldRead) -> bytes:
    # A cell's field is that of all; what a red cell has no use for is cut off behind.
    cells = [list(astuple(cell))[1:] for cell in read.cells]
    blank = list(astuple(Cell("")))[1:]
    for values in cells:
        while values and values[-1] == blank[len(values) - 1]:
            values.pop()
    return json.dumps([[getattr(read, name) for name in _KEPT], cells], separators=(",", ":")).encode()


def _of_json(content: bytes) -> FieldRead:
    kept, cells = json.loads(content)
    about = dict(zip(_KEPT, kept, strict=True))
    name = about["name"]
    return FieldRead(**about, cells=tuple(Cell(name, *map(_plain, values)) for values in cells))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _fields(file: IO[bytes]) -> Iterator[FieldRead]:
    """The whole fields from here on."""
    for content in parts(file):
        try:
            yield _of_json(content)
        except (ValueError, TypeError, KeyError):
            return


def _head(file: IO[bytes], path: Path) -> Made:
    """What a journal was made with; the file then stands behind it.

    Raises:
        SourceError: not a journal, of a newer format, or its head is damaged.
    """
    if file.read(len(_MAGIC)) != _MAGIC:
        raise SourceError(f"{path}: no journal of a count", _ANEW)
    content = next(parts(file), None)
    if content is None:
        raise SourceError(f"{path}: the journal's head is damaged", _ANEW)
    text = content.decode(errors="replace")
    return parse_versioned(
        text, str(path), dict, FORMAT_VERSION, what="the journal's head", remedy=_ANEW, error=SourceError
    )
