"""The images to classify, one after another, from any source (see `hemascope.data.kinds`); nothing is held."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from hemascope.data import dataset as datasets
from hemascope.data.dataset import Dataset, is_dataset
from hemascope.data.kinds import Kind, file_kind, is_image, kind_of, passed_over
from hemascope.data.regular import MAX_BYTES
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url, named
from hemascope.data.walk import Found, matches, walk
from hemascope.errors import DecodeError, SourceError
from hemascope.predict.pixels import Picture, pixels
from hemascope.progress import SILENT, Progress

# What only one kind of source needs is imported where it is met: one picture is to be classified at once.


@dataclass(frozen=True, slots=True)
class Item:
    """One image to classify.

    Attributes:
        path: the name of its row: the file's path, or ``file#member`` inside a container.
        picture: where its pixels come from, what reads them, or why there are none.
    """

    path: str
    picture: Picture | Callable[[], np.ndarray] | DecodeError

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
        if callable(self.picture):
            return self.picture()
        return pixels(self.picture, self.path)


def check(sources: Sequence[str | Dataset], progress: Progress = SILENT, *, also: Collection[str] = ()) -> None:
    """Make sure, before anything is loaded, that every source is there; named sets are fetched.

    Args:
        sources, also: as of `items`.
        progress: told how far a fetch is.

    Raises:
        SourceError: names the first that is not, or a table that lists no images.
    """
    for source in sources:
        if is_dataset(source):
            _check_dataset(source)
            continue
        match kind_of(source):
            case Kind.GLOB:
                if next(matches(_expanded(source), also=also), None) is None:
                    raise SourceError(
                        f"{source}: no image, .npz, .zip or .tar matches this", "Check it; ** looks in subfolders."
                    )
            case Kind.NAMED:
                _fetched(source, progress)
            case Kind.SYNTHETIC:
                from hemascope.data.containers.synthetic import parse

                parse(source)
            case Kind.CSV | Kind.PARQUET:
                _check_table(_expanded(source))


def items(sources: Sequence[str | Dataset], *, also: Collection[str] = ()) -> Iterator[Item]:
    """Every image of the sources in a fixed order: that of the sources, inside each sorted by name or as it is stored.

    A folder gives the files in and below it that have an image's suffix and no leading dot, or, where it has none, the
    images of its Parquet files; a file given by its own name is tried whatever its suffix. Labels, splits and verdicts
    are passed over. What cannot be read becomes an Item that says so.

    Args:
        sources: see `hemascope.data.kinds`, or objects of the library `datasets`.
        also: further suffixes, lower case with the dot, of files that are taken from folders and globs.

    >>> [item.path for item in items(["synthetic:8:3"])][:2]
    ['synthetic://3#0', 'synthetic://3#1']
    """
    for source in sources:
        if is_dataset(source):
            yield from (Item(name, picture) for name, picture in datasets.pictures(source))
            continue
        if kind_of(source) == Kind.SYNTHETIC:
            yield from _drawn(source)
        for found in files(source, also):
            yield from [Item(found.path, DecodeError(found.error))] if found.error else in_file(found.path)


def read_ahead(images: Iterable[Item]) -> Iterator[Item]:
    """The same items, with the bytes of pictures elsewhere in the place of their URLs, some of them read ahead."""
    images = iter(images)
    for item in images:
        if _url(item):
            from hemascope.data.remote import ahead

            for one, found in ahead.read_ahead(chain([item], images), _url, MAX_BYTES):
                picture = one.picture if found is None else found
                yield Item(
                    one.path, DecodeError(picture) if found is not None and isinstance(picture, str) else picture
                )
            return
        yield item


def _url(item: Item) -> str | None:
    return item.picture if is_url(item.picture) else None  # type: ignore[return-value]  # what is a URL is a text


def count(sources: Sequence[str | Dataset], *, also: Collection[str] = ()) -> int | None:
    """How many images `items` will give; None where only reading them all would tell."""
    total = 0
    for source in sources:
        if is_dataset(source):
            if (number := datasets.count(source)) is None:
                return None
            total += number
            continue
        if kind_of(source) == Kind.SYNTHETIC:
            from hemascope.data.containers.synthetic import parse

            total += parse(source).images
        for found in files(source, also):
            number = 1 if found.error else _count(found.path)
            if number is None:
                return None
            total += number
    return total


def tell_passed_over(sources: Sequence[str | Dataset], progress: Progress, *, also: Collection[str] = ()) -> None:
    """Say how many files of folders and archives are no images by their suffix, and which.

    A compressed tar is not unpacked for it, and nothing is looked at where nobody is told.
    """
    if progress is SILENT:
        return
    paths = [source for source in sources if not is_dataset(source)]
    names = (name for source in paths for name in _all_files(source, also) if not _ends(name, also))
    if line := passed_over(names):
        progress.say(line)


def _all_files(source: str, also: Collection[str]) -> list[str]:
    """The files that `items` would look at for images, whatever their suffix; none where it looks for no images."""
    kind, path = kind_of(source), _expanded(source)
    if is_url(path) and kind != Kind.FOLDER:  # to read an archive for it would take as long as its images
        return []
    if kind == Kind.FOLDER:
        names = [one.path for one in walk(path) if not one.error]
        return (
            names if any(is_image(name) or _ends(name, also) for name in names) else []
        )  # else its Parquet files are read
    try:
        if kind == Kind.ZIP:
            from hemascope.data.containers import zip as archive

            return list(archive.names(path))
        if kind == Kind.TAR and path.lower().endswith(".tar"):
            from hemascope.data.containers import tar

            return list(tar.names(path))
    except SourceError:  # whoever reads it is told
        pass
    return []


def files(source: str, also: Collection[str] = ()) -> Iterator[Found]:
    """The files that a source consists of; arguments as of `items`."""
    kind = kind_of(source)
    if kind == Kind.NAMED:
        yield Found(str(_fetched(source)))
    elif kind == Kind.GLOB:
        yield from (
            found
            for found in matches(_expanded(source), also=also)
            if found.error or _is_read(found.path) or _ends(found.path, also)
        )
    elif kind == Kind.FOLDER:
        folder, empty = _expanded(source), True
        for found in walk(folder):
            if found.error or is_image(found.path) or _ends(found.path, also):
                empty = False
                yield found
        if empty:
            yield from _parquet_files(folder)
    elif kind != Kind.SYNTHETIC:
        yield Found(_expanded(source))


def _is_read(path: str) -> bool:
    """Whether a file that was not given by its own name is opened at all."""
    return is_image(path) or file_kind(path) != Kind.PICTURE


def _ends(path: str, suffixes: Collection[str]) -> bool:
    """Whether a file has one of some suffixes."""
    return bool(suffixes) and os.path.splitext(path)[1].lower() in suffixes  # noqa: PTH122 (as in `is_image`)


def _parquet_files(folder: str) -> Iterator[Found]:
    from hemascope.data.containers.parquet import parquet_files

    yield from (Found(str(path)) for path in parquet_files(located(folder)))


def in_file(path: str) -> Iterator[Item]:
    """The images of one file, as of `items`."""
    match file_kind(path):
        case Kind.NPZ:
            from hemascope.data.containers import npz

            for member, array in npz.images(path):
                yield Item(image_name(path, member), array)
        case Kind.TAR:
            from hemascope.data.containers import tar

            for member, data in tar.images(path):
                yield Item(image_name(path, member), data)
        case Kind.ZIP:
            from hemascope.data.containers import zip as archive

            for member, data in archive.images(path):
                yield Item(image_name(path, member), data)
        case Kind.PARQUET | Kind.CSV:
            try:
                yield from _in_table(path)
            except SourceError as problem:
                yield Item(path, DecodeError(problem.problem))
        case _:
            yield Item(path, path)


def _in_table(path: str) -> Iterator[Item]:
    """The images of a Parquet file, or of the paths in a CSV, a Manifest or a table of predictions.

    Raises:
        SourceError: it cannot be read, or has neither images nor paths.
    """
    from hemascope.data.containers.open import Containers
    from hemascope.data.listing import Place

    if holds_images(path):
        from hemascope.data.containers import parquet

        yield from (Item(image_name(path, member), picture) for member, picture in parquet.images(path))
        return
    containers = Containers()
    for file, member, error in listed(path):
        if error:
            picture: Picture | Callable[[], np.ndarray] | DecodeError = DecodeError(error)
        else:
            picture = containers.job(file, member) if member else file
        yield Item(Place(file, member).name, picture)
    containers.close()


def _check_dataset(source: Dataset) -> None:
    """Refuse one without a column of images."""
    for _, part in datasets.parts(source):
        datasets.image_column(part, datasets.source_name(source))


def _check_table(path: str) -> None:
    """Refuse a table that has neither images nor paths."""
    if not holds_images(path):
        next(iter(listed(path)), None)


def holds_images(path: str) -> bool:
    """Whether a table is a Parquet file with a column of images, or ought to be one."""
    if file_kind(path) == Kind.CSV:
        return False
    from hemascope.data.containers.parquet import IMAGES, image_column, is_manifest, read_schema
    from hemascope.data.listing import PATHS, column

    schema = read_schema(path)
    if is_manifest(schema) or (not set(IMAGES) & set(schema.names) and column(schema.names, PATHS) is not None):
        return False
    image_column(path, schema)
    return True


def listed(path: str) -> Iterable[tuple[str, str, str]]:
    """Path, member and error of every row of a CSV, a Manifest or a table of predictions."""
    from hemascope.data.listing import places, read_listing

    if file_kind(path) == Kind.PARQUET:
        from hemascope.data.containers.parquet import is_manifest, manifest_rows, read_schema

        if is_manifest(read_schema(path)):
            return manifest_rows(path)
    found = places(located(path), read_listing(located(path)))
    return [(file, member, "" if file else f"{path}: the row names no file") for file, member in found]


def _count(path: str) -> int | None:
    kind = file_kind(path)
    if kind == Kind.TAR and is_url(path):
        return None
    if kind == Kind.NPZ:
        from hemascope.data.containers import npz

        return npz.count(path)
    if kind == Kind.TAR:
        from hemascope.data.containers import tar

        return tar.count(path)
    if kind == Kind.ZIP:
        from hemascope.data.containers import zip as archive

        return archive.count(path)
    if kind == Kind.PARQUET:
        from hemascope.data.containers import parquet

        return parquet.count(path)
    if kind == Kind.CSV:
        return sum(1 for _ in in_file(path))
    return 1


def _drawn(source: str) -> Iterator[Item]:
    from hemascope.data.containers.synthetic import Synthetic, parse

    asked = parse(source)
    drawings = Synthetic(asked.path)
    for number in range(asked.images):
        yield Item(image_name(asked.path, str(number)), drawings.job(str(number)))


def _fetched(source: str, progress: Progress = SILENT) -> Path:
    from hemascope.data.named import fetch_named

    return fetch_named(source, progress)


def _expanded(source: str) -> str:
    return named(source) if is_url(source) else os.path.expanduser(source)  # noqa: PTH111 (a Path would write it anew)


def image_name(path: str, member: str) -> str:
    """An image's name; a whole file's where no member is to blame."""
    return f"{path}#{member}" if member else path
