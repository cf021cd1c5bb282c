"""The images to classify, one after another, from files, folders, globs, .npz and .tar; nothing is held."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.data.decode import IMAGE_SUFFIXES
from hemascope.errors import DecodeError, SourceError
from hemascope.predict import npz, tar
from hemascope.predict.pixels import Picture, pixels


@dataclass(frozen=True, slots=True)
class Item:
    """One image to classify.

    Attributes:
        path: the name of its row: the file's path, or ``file#member`` inside a container.
        picture: where its pixels come from, or why there are none.
    """

    path: str
    picture: Picture | DecodeError

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the item holds."""
        if isinstance(self.picture, bytes):
            return len(self.picture)
        return self.picture.nbytes if isinstance(self.picture, np.ndarray) else 0

    def pixels(self) -> np.ndarray:
        """Its pixels, uint8 (h, w, 3).

        Raises:
            DecodeError: they cannot be read.
        """
        if isinstance(self.picture, DecodeError):
            raise self.picture
        return pixels(self.picture, self.path)


def check(paths: Sequence[str]) -> None:
    """Make sure, before anything is loaded, that every path or glob matches something.

    Raises:
        SourceError: names the first that matches nothing.
    """
    for path in paths:
        if os.path.lexists(path):
            continue
        if not glob.has_magic(path):
            raise SourceError(f"{path}: no such file or folder", "Check the spelling; globs need quotes.")
        if next(_matches(path), None) is None:
            raise SourceError(f"{path}: no image, .npz or .tar matches this", "Check it; ** looks in subfolders.")


def items(paths: Sequence[str]) -> Iterator[Item]:
    """Every image of the paths in a fixed order: that of the paths, inside each sorted by name.

    A folder gives the files in and below it that have an image's suffix and no leading dot; a file given by its
    own name is tried whatever its suffix. What cannot be read becomes an Item that says so.
    """
    for file in _files(paths):
        if isinstance(file, Item):
            yield file
        elif npz.is_npz(file):
            yield from (Item(f"{file}#{name}" if name else file, picture) for name, picture in npz.images(file))
        elif tar.is_tar(file):
            yield from (Item(f"{file}#{name}" if name else file, picture) for name, picture in tar.images(file))
        else:
            yield Item(file, file)


def count(paths: Sequence[str]) -> int | None:
    """How many images `items` will give; None where only reading them all would tell."""
    total = 0
    for file in _files(paths):
        found: int | None = 1
        if isinstance(file, str) and npz.is_npz(file):
            found = npz.count(file)
        elif isinstance(file, str) and tar.is_tar(file):
            found = tar.count(file)
        if found is None:
            return None
        total += found
    return total


def _files(paths: Sequence[str]) -> Iterator[str | Item]:
    for path in paths:
        if os.path.lexists(path):
            yield from _walk(path) if Path(path).is_dir() else (path,)
        else:
            yield from _matches(path)


def _matches(pattern: str) -> Iterator[str | Item]:
    """What a glob matches: images and containers; folders too, unless ** has been through them already."""
    for path in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 (patterns may be absolute)
        if Path(path).is_dir():
            if "**" not in pattern:
                yield from _walk(path)
        elif _is_image(path) or npz.is_npz(path) or tar.is_tar(path):
            yield path


def _walk(folder: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[str | Item]:
    try:
        about = Path(folder).stat()
        here = (about.st_dev, about.st_ino)
        if here in above:  # a link to a folder above it
            return
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    except OSError as problem:
        yield Item(folder, DecodeError(f"{folder}: {problem.strerror or problem}"))
        return
    for name, is_folder in found:
        path = os.path.join(folder, name)  # noqa: PTH118 (keeps the folder as the user wrote it)
        if is_folder:
            yield from _walk(path, (*above, here))
        elif _is_image(name):
            yield path


def _is_image(path: str) -> bool:
    return Path(path).suffix.lower() in IMAGE_SUFFIXES
