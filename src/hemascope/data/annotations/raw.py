"""Boxes as their files have them, before they are checked against the pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from hemascope.data.kinds import IMAGE_SUFFIXES
from hemascope.data.regular import is_file, require_regular
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url
from hemascope.errors import SourceError

_LARGEST = 1e7  # pixels
MAX_BYTES = 1 << 30
"""The largest file of annotations that is read, in bytes."""


class RawBox(NamedTuple):
    """A box: where it stands (file and row, for errors), its corners xmin, ymin, xmax, ymax, and its label.

    With ``ignore`` it marks a region of which nothing is asked: a crowd, or what no one is sure of.
    """

    place: str
    corners: tuple[float, float, float, float]
    label: str
    ignore: bool = False


@dataclass
class RawField:
    """A field as its file has it.

    Attributes:
        path: of the picture.
        name: below the source's folder.
        place: where the field stands, for errors.
        boxes: of its cells.
        size: width and height as the file says; zeros where it does not.
        relative: whether corners are shares of width and height.
        split: train, val, test or "".
        annotated: the kinds that are boxed in it, where the file says so.
        source: that it came of, where the file says so.
        group: of fields that stay together, where the file says so.
    """

    path: Path
    name: str
    place: str
    boxes: list[RawBox] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    relative: bool = False
    split: str = ""
    annotated: tuple[str, ...] | None = None
    source: str = ""
    group: str = ""


def number(value: object, what: str, place: str) -> float:
    """A coordinate, from text or JSON.

    Raises:
        SourceError: it is none.

    >>> number("12.5", "xmin", "cells.csv: line 2")
    12.5
    """
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        found = float(value)
    except (ValueError, OverflowError):
        found = math.nan
    if not abs(found) <= _LARGEST:  # NaN is not below
        shown = repr(value) if len(repr(value)) < 40 else f"{repr(value)[:40]}..."
        raise SourceError(f"{place}: {what} is {shown}, not a number of pixels", "Mend the row, or delete it.")
    return found


def whole(value: object) -> int:
    """A width or height that a file states; 0 where it states none that can be.

    >>> whole("640"), whole(None), whole("wide")
    (640, 0, 0)
    """
    try:
        return max(int(float(value)), 0) if isinstance(value, str | int | float) else 0
    except (ValueError, OverflowError):
        return 0


def read_text(path: Path) -> str:
    """A file's text in UTF-8.

    Raises:
        SourceError: it cannot be read, or is no text.
    """
    try:
        if is_url(str(path)):
            from hemascope.data.remote.reading import read

            content = read(str(path), MAX_BYTES)
            size = len(content)
        else:
            size = require_regular(path)
            content = path.read_bytes() if size <= MAX_BYTES else b""
        if size > MAX_BYTES:
            raise SourceError(f"{path}: more than {MAX_BYTES >> 20:,} MiB", "Divide it into several files.")
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as problem:
        raise SourceError(f"{path}: not readable as text in UTF-8 ({problem})", "Save it as UTF-8.") from problem


def find_picture(name: str, folders: Sequence[Path], stem: str = "") -> Path:
    """The picture that annotations name, in the first folder that has it; in the first folder where none has.

    Args:
        name: as the file has it: a URL, a path below one of the folders, or elsewhere, of which the last part counts.
        folders: where to look.
        stem: name of the picture without its suffix, where no file is called as ``name`` says.
    """
    if is_url(name):
        return located(name)
    last = name.replace("\\", "/").rpartition("/")[2]
    for folder in folders:
        for one in (name, last):
            if one and is_there(folder / one):
                return folder / one
    for folder in folders if stem else ():
        for suffix in sorted(IMAGE_SUFFIXES):
            for one in (stem + suffix, stem + suffix.upper()):
                if is_there(folder / one):
                    return folder / one
    return folders[0] / (name or stem)


def is_there(path: Path) -> bool:
    """Whether there is such a file; of a folder elsewhere the names are asked for once, until `forget`."""
    if not is_url(str(path)):
        return is_file(path)
    names = _names(path.parent)
    return path.is_file() if names is None else path.name in names


def forget() -> None:
    """Let `is_there` ask anew."""
    _names.cache_clear()


@lru_cache(64)
def _names(folder: Path) -> frozenset[str] | None:
    """The names of the files of a folder elsewhere; None where they are not told: a web server need not."""
    from hemascope.data.remote.listing import children
    from hemascope.data.remote.trouble import RemoteError

    if str(folder).startswith("http"):
        return None
    try:
        return frozenset(child.name for child in children(str(folder)) if not child.is_folder)
    except RemoteError as problem:
        return frozenset() if problem.trouble.missing else None


def below(path: Path, folder: Path) -> str:
    """A picture's name below a folder; its whole path where it lies elsewhere."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
