"""Tables that list images by their paths: CSV, or Parquet without the images themselves, as `hemascope predict` writes.

Which column holds what, and where a path of it leads.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hemascope.data.containers.synthetic import SCHEME
from hemascope.data.delimited import Delimited, read_delimited
from hemascope.data.kinds import PREDICTIONS, Kind, file_kind, is_predictions
from hemascope.data.regular import is_file, is_there
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url
from hemascope.errors import SourceError

PATHS = ("path", "file", "filename", "file_name", "filepath", "image", "image_path")
LABELS = ("label", "class", "target", "class_name", "category")
SPLITS = ("split", "subset", "partition", "set")
MEMBERS = ("member",)
LABORATORIES = ("laboratory", "lab", "site", "centre", "center", "hospital")


class Place(NamedTuple):
    """Where an image is: its file, or the file that contains it and its name in there."""

    path: str
    member: str = ""

    @property
    def name(self) -> str:
        """The image's name, ``path`` or ``path#member``."""
        return f"{self.path}#{self.member}" if self.member else self.path


def column(header: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The place of the first of some columns that a header has, whatever its case; None where it has none.

    >>> column(["Label", "File"], PATHS)
    1
    """
    lowered = [name.lower() for name in header]
    return next((lowered.index(name) for name in wanted if name in lowered), None)


def path_column(header: Sequence[str], path: Path) -> int:
    """The place of the column of paths.

    Raises:
        SourceError: the table has none.
    """
    found = column(header, PATHS)
    if found is None:
        raise missing(header, path, PATHS[0])
    return found


def missing(header: Sequence[str], path: Path, name: str) -> SourceError:
    """The error of a table without a column."""
    return SourceError(
        f"{path}: no column {name!r}; its columns are {', '.join(header) or 'none'}",
        f"Name the columns 'path' (or {', '.join(PATHS[1:4])}) and 'label' (or {', '.join(LABELS[1:3])}).",
    )


def read_listing(path: Path) -> Delimited:
    """The names of the columns and every row as text.

    Raises:
        SourceError: not readable, or rows of other lengths than the header.
    """
    if file_kind(path.name) != Kind.PARQUET:
        return read_delimited(path, "path,label")
    from hemascope.data.containers.parquet import read_columns, read_schema

    wanted = [
        name
        for name in read_schema(path).names
        if name.lower() in (*PATHS, *LABELS, *SPLITS, *MEMBERS, *LABORATORIES, *PREDICTIONS)
    ]
    table = read_columns(path, wanted)
    cells = zip(*(table[name].to_pylist() for name in wanted), strict=True)
    return Delimited(
        wanted,
        [(row, ["" if cell is None else str(cell) for cell in values]) for row, values in enumerate(cells, start=1)],
    )


def places(path: Path, table: Delimited) -> list[Place]:
    """Where the images of a table are, row by row; paths start at the table's folder, and "" stays "".

    Paths of predictions start where `hemascope predict` ran: here, if none of them leads anywhere from the folder.

    A path may be ``file#member`` where no file is called so, or a column ``member`` names what is in the file.

    Raises:
        SourceError: the table has no column of paths.
    """
    files, members = path_column(table.header, path), column(table.header, MEMBERS)
    texts = [_text(row[files], path.parent) for _, row in table.rows]
    inside = [row[members] if members is not None else "" for _, row in table.rows]
    found = [_place(text, member, path.parent) for text, member in zip(texts, inside, strict=True)]
    if is_predictions(table.header) and not any(is_there(place.path) for place in found):
        found = [_place(text, member, Path()) for text, member in zip(texts, inside, strict=True)]
    return found


def _text(cell: str, folder: Path) -> str:
    """A cell without blanks at its ends, unless a file is called so."""
    text = cell.strip()
    return cell if cell != text and not is_url(str(_below(folder, text))) and is_file(folder / cell) else text


def _below(folder: Path, text: str) -> Path:
    """Where a cell leads: a URL stands alone, as an absolute path does."""
    return located(text) if is_url(text) else folder / text


def _place(text: str, member: str, folder: Path) -> Place:
    file, mark, after = text.partition("#")
    if not text or text.startswith(SCHEME):
        return Place(file, member or after)
    whole = _below(folder, text)
    if (
        not member
        and mark
        and file_kind(file) in (Kind.NPZ, Kind.ZIP, Kind.TAR, Kind.PARQUET)
        and (is_url(str(whole)) or not is_file(whole))
    ):
        return Place(str(_below(folder, file)), after)
    return Place(str(whole), member)
