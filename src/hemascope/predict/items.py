"""The images to classify, one after another, from any source (see `hemascope.data.kinds`); nothing is held."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from hemascope.data import dataset as datasets
from hemascope.data.dataset import Dataset, is_dataset
from hemascope.data.kinds import Kind, file_kind, kind_of
from hemascope.data.regular import MAX_BYTES
from hemascope.data.remote.url import is_url
from hemascope.data.walk import matches
from hemascope.errors import DecodeError, SourceError
from hemascope.predict import source_tables
from hemascope.predict.pixels import Picture, pixels
from hemascope.predict.source_files import expanded, fetched, files
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
                if next(matches(expanded(source), also=also), None) is None:
                    raise SourceError(
                        f"{source}: no image, .npz, .zip or .tar matches this", "Check it; ** looks in subfolders."
                    )
            case Kind.NAMED:
                fetched(source, progress)
            case Kind.SYNTHETIC:
                from hemascope.data.containers.synthetic import parse

                parse(source)
            case Kind.CSV | Kind.PARQUET:
                source_tables.check_table(expanded(source))


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
                yield from (Item(name, picture) for name, picture in source_tables.pictures(path))
            except SourceError as problem:
                yield Item(path, DecodeError(problem.problem))
        case _:
            yield Item(path, path)


def _check_dataset(source: Dataset) -> None:
    """Refuse one without a column of images."""
    for _, part in datasets.parts(source):
        datasets.image_column(part, datasets.source_name(source))


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


def image_name(path: str, member: str) -> str:
    """An image's name; a whole file's where no member is to blame."""
    return f"{path}#{member}" if member else path
