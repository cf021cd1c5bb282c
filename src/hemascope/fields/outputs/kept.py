"""What is said of each field, kept on disk while a count is under way: a line a field, so that it survives a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator, KeysView, Sequence
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

from hemascope.fields.cell import Cell
from hemascope.files import writing


class Field(NamedTuple):
    """A field with what was found in it.

    Attributes:
        name: as in the table of cells.
        width, height: in pixels; 0 where it could not be read.
        cells: of it.
        error: why it could not be read, "" where it could.
    """

    name: str
    width: int
    height: int
    cells: tuple[Cell, ...]
    error: str = ""


class KeptFields:
    """The fields that were added, on disk; gone through in the order in which their names first came.

    A field that is added again takes the place of the former. What a killed process wrote by half is cut off.

    >>> import tempfile
    >>> kept = KeptFields(Path(tempfile.mkdtemp()) / "fields.jsonl")
    >>> kept.add(Field("a.png", 640, 480, (Cell("a.png", (1, 2, 3, 4), "red", 0.5),)))
    >>> [field.cells[0].box for field in kept]
    [(1, 2, 3, 4)]
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        """Begin, or go on where ``resume``.

        Raises:
            WriteError: nothing can be written there.
        """
        self._path = path
        self._at: dict[str, int] = {}  # where the line of each field begins
        self._order: dict[str, int] = {}
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab+" if resume else "wb+") as file:
                file.seek(0)
                end = 0
                for line in file:
                    try:
                        name = _read(line).name
                    except (ValueError, TypeError, KeyError):
                        break
                    self._set(name, end)
                    end += len(line)
                file.truncate(end)
        self._end = end

    @property
    def names(self) -> KeysView[str]:
        """Of the fields in it, in the order in which they first came."""
        return self._at.keys()

    def add(self, field: Field) -> None:
        """Append a field.

        Raises:
            WriteError: it cannot be written.
        """
        line = _written(field)
        with writing(self._path), self._path.open("r+b") as file:
            file.seek(self._end)
            file.write(line)
        self._set(field.name, self._end)
        self._end += len(line)

    def __iter__(self) -> Iterator[Field]:
        return map(self.__getitem__, [*self._at])

    def __getitem__(self, name: str) -> Field:
        with self._path.open("rb") as file:
            file.seek(self._at[name])
            return _read(file.readline())

    def order(self, name: str) -> int:
        """Number of a field from 0, in the order in which the names first came; of a new one, the next."""
        return self._order.get(name, len(self._at))

    def __len__(self) -> int:
        return len(self._at)

    def _set(self, name: str, at: int) -> None:
        self._order.setdefault(name, len(self._at))
        self._at[name] = at


_DEFAULTS: dict[str, Any] = {part.name: part.default for part in fields(Cell) if part.default is not MISSING}


def _written(field: Field) -> bytes:
    cells = [
        {key: value for key, value in asdict(cell).items() if key != "field" and _DEFAULTS.get(key, MISSING) != value}
        for cell in field.cells
    ]
    whole = [field.name, field.width, field.height, cells, field.error]
    # The numbers of NumPy are none of JSON's.
    return json.dumps(whole, default=lambda number: number.item()).encode() + b"\n"


def _read(line: bytes) -> Field:
    if not line.endswith(b"\n"):
        raise ValueError("cut off")
    name, width, height, cells, error = json.loads(line)
    return Field(name, width, height, tuple(_cell(name, one) for one in cells), error)


def _cell(name: str, values: dict[str, Any]) -> Cell:
    def whole(value: Any) -> Any:
        return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value

    return Cell(name, **{key: whole(value) for key, value in values.items()})
