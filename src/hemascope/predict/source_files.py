"""The files that sources consist of, and those in them that are passed over; what is in a file, `items` says."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from hemascope.data.dataset import Dataset, is_dataset
from hemascope.data.kinds import Kind, file_kind, is_image, kind_of, passed_over
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url, named
from hemascope.data.walk import Found, matches, walk
from hemascope.errors import SourceError
from hemascope.progress import SILENT, Progress


def files(source: str, also: Collection[str] = ()) -> Iterator[Found]:
    """The files that a source consists of; arguments as of `hemascope.predict.items.items`."""
    kind = kind_of(source)
    if kind == Kind.NAMED:
        yield Found(str(fetched(source)))
    elif kind == Kind.GLOB:
        yield from (
            found
            for found in matches(expanded(source), also=also)
            if found.error or _is_read(found.path) or _ends(found.path, also)
        )
    elif kind == Kind.FOLDER:
        folder, empty = expanded(source), True
        for found in walk(folder):
            if found.error or is_image(found.path) or _ends(found.path, also):
                empty = False
                yield found
        if empty:
            yield from _parquet_files(folder)
    elif kind != Kind.SYNTHETIC:
        yield Found(expanded(source))


def expanded(source: str) -> str:
    """A source with the home folder for ~, and a URL as files are called by it."""
    return named(source) if is_url(source) else os.path.expanduser(source)  # noqa: PTH111 (a Path would write it anew)


def fetched(source: str, progress: Progress = SILENT) -> Path:
    """The file of a named set, fetched where it is not here yet."""
    from hemascope.data.named import fetch_named

    return fetch_named(source, progress)


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
    """The files that are looked at for images, whatever their suffix; none where none is looked for."""
    kind, path = kind_of(source), expanded(source)
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


def _is_read(path: str) -> bool:
    """Whether a file that was not given by its own name is opened at all."""
    return is_image(path) or file_kind(path) != Kind.PICTURE


def _ends(path: str, suffixes: Collection[str]) -> bool:
    """Whether a file has one of some suffixes."""
    return bool(suffixes) and os.path.splitext(path)[1].lower() in suffixes  # noqa: PTH122 (as in `is_image`)


def _parquet_files(folder: str) -> Iterator[Found]:
    from hemascope.data.containers.parquet import parquet_files

    yield from (Found(str(path)) for path in parquet_files(located(folder)))
