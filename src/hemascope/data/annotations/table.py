"""Boxes from a table: file, xmin, ymin, xmax, ymax and label a row, or cells.csv of hemascope count."""

from pathlib import Path

from hemascope.data.annotations.raw import RawBox, RawField, below, find_picture, number, whole
from hemascope.data.delimited import read_delimited
from hemascope.data.listing import LABELS, PATHS, SPLITS, column
from hemascope.data.sources.table import row_split
from hemascope.errors import SourceError

CORNERS = ("xmin", "ymin", "xmax", "ymax")
EXAMPLE = "file,xmin,ymin,xmax,ymax,label"
_FILES = (*PATHS, "field")


def is_boxes(header: list[str]) -> bool:
    """Whether a table has boxes.

    >>> is_boxes(["filename", "class", "xmin", "ymin", "xmax", "ymax"]), is_boxes(["path", "label"])
    (True, False)
    """
    return {name.lower() for name in header} >= set(CORNERS)


def read_table(path: Path) -> list[RawField]:
    """The fields of a CSV (comma, semicolon or tab), a row a cell; a row without corners is a field without cells.

    Columns: ``file`` (or ``field``, ``filename`` ...), the corners in pixels, and ``label`` or ``kind``, of which
    ``kind`` goes first; ``ignore`` with 1 for a region of which nothing is asked; ``split`` where there is one;
    ``width`` and ``height`` of the field are compared with the picture. Paths begin at the table's folder, or here.

    Raises:
        SourceError: not readable, a column missing, or a value that is none.
    """
    table = read_delimited(path, EXAMPLE)
    columns = {name: column(table.header, [name]) for name in (*CORNERS, "kind", "error", "width", "height", "ignore")}
    columns |= {
        name: column(table.header, names) for name, names in (("file", _FILES), ("label", LABELS), ("split", SPLITS))
    }
    lacking = [name for name in ("file", *CORNERS) if columns[name] is None]
    if columns["label"] is None and columns["kind"] is None:
        lacking.append("label")
    if lacking:
        raise SourceError(
            f"{path}: no column {', '.join(map(repr, lacking))}; its columns are {', '.join(table.header)}",
            f"Its first line names the columns: {EXAMPLE}",
        )
    found: dict[str, RawField] = {}
    for line, row in table.rows:
        cell = {name: row[place].strip() for name, place in columns.items() if place is not None}
        place = f"{path}: line {line}"
        if cell.get("error"):
            continue  # a field that hemascope count could not read
        if not cell["file"]:
            raise SourceError(f"{place} names no file", "Name it, or delete the row.")
        split = row_split(path, line, cell.get("split", ""))
        field = found.get(cell["file"])
        if field is None:
            picture = find_picture(cell["file"], [path.parent, Path.cwd()])
            size = (whole(cell.get("width")), whole(cell.get("height")))
            field = RawField(picture, below(picture, path.parent), place, size=size, split=split)
            found[cell["file"]] = field
        if split != field.split:
            raise SourceError(
                f"{place}: {cell['file']} is in the split {split!r} here and in {field.split!r} before",
                "A field belongs to one split.",
            )
        if not any(cell[name] for name in CORNERS):
            continue
        corners = tuple(number(cell[name], name, place) for name in CORNERS)
        label, ignore = cell.get("kind") or cell.get("label", ""), cell.get("ignore") == "1"
        field.boxes.append(RawBox(place, corners, label, ignore))  # type: ignore[arg-type]
    return list(found.values())
