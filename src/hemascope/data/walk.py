"""The files of a folder, or those that a glob matches, in a fixed order."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hemascope.data.kinds import Kind, file_kind, is_image, is_visible


class Found(NamedTuple):
    """A file, or a folder that cannot be looked into: ``error`` says why, and is "" for files."""

    path: str
    error: str = ""


def walk(folder: str) -> Iterator[Found]:
    """Every visible file in and below a folder, whatever its suffix, sorted by name; looks as it is asked.

    A link to a folder above it is not followed. Paths begin with ``folder`` as it is written.
    """
    yield from _walk(folder, ())


def matches(pattern: str) -> Iterator[Found]:
    """What a glob matches: pictures, .npz, .tar; the files of folders too, unless ** has been through them already.

    Parquet and CSV only where the pattern itself ends so: beside pictures lie the tables that were made of them.
    """
    wanted = {Kind.NPZ, Kind.TAR, file_kind(pattern)} - {Kind.PICTURE}
    for path in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 (patterns may be absolute)
        if Path(path).is_dir():
            if "**" not in pattern:
                yield from walk(path)
        elif is_image(path) or file_kind(path) in wanted:
            yield Found(path)


def glob_root(pattern: str) -> str:
    """The folder where a glob begins: its path up to the first part that has a wildcard; "." where that is none.

    >>> glob_root("cells/train/*/1*.png")
    'cells/train'
    """
    parts = Path(pattern).parts
    first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return str(Path(*parts[:first]))


def _walk(folder: str, above: tuple[tuple[int, int], ...]) -> Iterator[Found]:
    try:
        about = Path(folder).stat()
        here = (about.st_dev, about.st_ino)
        if here in above:
            return
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries if is_visible(entry.name))
    except OSError as problem:
        yield Found(folder, f"{folder}: {problem.strerror or problem}")
        return
    for name, is_folder in found:
        path = os.path.join(folder, name)  # noqa: PTH118 (keeps the folder as the user wrote it)
        if is_folder:
            yield from _walk(path, (*above, here))
        else:
            yield Found(path)
