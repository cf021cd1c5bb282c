"""The images of sources cut into parts that other machines can read: where the images are, not the images themselves.

The names of the rows and their order are those of `hemascope.predict.items.items`. What is read from front to end only,
as a compressed archive, is read here and goes with the part.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hemascope.data.kinds import Kind, file_kind, is_image, kind_of
from hemascope.errors import DecodeError, SourceError
from hemascope.predict.items import Item, image_name, in_file
from hemascope.predict.source_files import files
from hemascope.predict.source_tables import holds_images, listed

IMAGES = 256
"""Images of the first parts."""

_GROW, _LARGEST = 128, 8  # parts after which they are larger, and how many times: else there would be too many files
_MOST_BYTES = 16 << 20  # of images that go with a part


class Entry(NamedTuple):
    """One image by where it is.

    Attributes:
        path: the name of its row.
        file: its file, or the one that it is in; "" where the image itself is here.
        member: its name in there, as `hemascope.data.containers.open.Containers` takes it.
        start, size: where its bytes are in the file; -1 where it is the whole file, or a member.
        picture: the image itself, encoded or as pixels, or why there is none.
    """

    path: str
    file: str = ""
    member: str = ""
    start: int = -1
    size: int = -1
    picture: bytes | np.ndarray | DecodeError | None = None


class Part(NamedTuple):
    """Images that follow one another.

    Attributes:
        folder: that relative paths begin in.
        entries: the images.
    """

    folder: str
    entries: tuple[Entry, ...]


def cut(sources: Sequence[str], *, also: Collection[str] = (), images: int | None = None) -> Iterator[Part]:
    """The images of the sources, as `hemascope.predict.items.items`, in parts; the same ones every time.

    Args:
        sources, also: as of `hemascope.predict.items.items`.
        images: of the first parts, `IMAGES` where not given; later ones have up to eight times as many.

    >>> [len(part.entries) for part in cut(["synthetic:600"])]
    [256, 256, 88]
    """
    folder, number = str(Path.cwd()), 0
    held: list[Entry] = []
    nbytes = 0
    for entry in entries(sources, also=also):
        held.append(entry)
        if entry.picture is not None and not isinstance(entry.picture, DecodeError):
            nbytes += len(entry.picture) if isinstance(entry.picture, bytes) else entry.picture.nbytes
        if len(held) >= ((images or IMAGES) * min(_LARGEST, 1 + number // _GROW)) or nbytes >= _MOST_BYTES:
            yield Part(folder, tuple(held))
            held, nbytes, number = [], 0, number + 1
    if held:
        yield Part(folder, tuple(held))


def entries(sources: Sequence[str], *, also: Collection[str] = ()) -> Iterator[Entry]:
    """Every image of the sources; as `hemascope.predict.items.items`.

    Of a damaged Parquet file, every image gets its row that says so.
    """
    for source in sources:
        if kind_of(source) == Kind.SYNTHETIC:
            from hemascope.data.containers.synthetic import parse

            asked = parse(source)
            yield from _members(asked.path, map(str, range(asked.images)))
        for found in files(source, also):
            if found.error:
                yield Entry(found.path, picture=DecodeError(found.error))
            else:
                yield from _in_file(found.path)


def _in_file(path: str) -> Iterator[Entry]:
    match file_kind(path):
        case Kind.NPZ:
            from hemascope.data.containers import npz

            if (stacks := npz.stacks(path)) is None:
                yield from _carried(in_file(path))
            else:
                yield from _members(path, (f"{name}/{row}" for name, rows in stacks.items() for row in range(rows)))
        case Kind.TAR if path.lower().endswith(".tar") and "://" not in path:
            from hemascope.data.containers import tar

            for member, start, size, error in tar.slices(path):
                yield Entry(image_name(path, member), path, member, start, size, error)
        case Kind.ZIP if names := _zipped(path):
            yield from _members(path, names)
        case Kind.PARQUET | Kind.CSV:
            try:
                yield from _in_table(path)
            except SourceError as problem:
                yield Entry(path, picture=DecodeError(problem.problem))
        case Kind.TAR | Kind.ZIP:
            yield from _carried(in_file(path))
        case _:
            yield Entry(path, path)


def _in_table(path: str) -> Iterator[Entry]:
    if holds_images(path):
        from hemascope.data.containers import parquet

        rows = parquet.count(path)
        if rows is None:
            yield from _carried(in_file(path))
            return
        column = parquet.image_column(path, parquet.read_schema(path))
        yield from _members(path, (f"{column}/{row}" for row in range(rows)))
        return
    for file, member, error in listed(path):
        yield Entry(image_name(file, member), file, member, picture=DecodeError(error) if error else None)


def _zipped(path: str) -> list[str] | None:
    """The images of a zip; None where it is damaged, or two have the same name, by which they are not told apart."""
    from hemascope.data.containers import zip as archive

    try:
        names = [name for name in archive.names(path) if is_image(name)]
    except SourceError:
        return None
    return names if len(set(names)) == len(names) else None


def _members(path: str, members: Iterable[str]) -> Iterator[Entry]:
    return (Entry(image_name(path, member), path, member) for member in members)


def _carried(images: Iterable[Item]) -> Iterator[Entry]:
    for item in images:
        picture = item.picture
        assert isinstance(picture, bytes | np.ndarray | DecodeError | str | Path)
        yield (
            Entry(item.path, os.fspath(picture))
            if isinstance(picture, str | Path)
            else Entry(item.path, picture=picture)
        )
