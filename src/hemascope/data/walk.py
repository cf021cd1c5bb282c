"""The files of a folder, or those that a glob matches, in a fixed order."""

import glob
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hemascope.data.kinds import Kind, file_kind, is_image
from hemascope.data.remote.url import is_url
from hemascope.data.visible import inner_parts, is_visible
from hemascope.errors import SourceError


class Found(NamedTuple):
    """A file, or a folder that cannot be looked into: ``error`` says why, and is "" for files."""

    path: str
    error: str = ""


def walk(folder: str) -> Iterator[Found]:
    """Every visible file in and below a folder, whatever its suffix, sorted by name; looks as it is asked.

    Each folder is looked into once: a link to one above it, or to one that is found without the link, is not followed,
    and of several links to one folder only the first is. Paths begin with ``folder`` as it is written.
    """
    if is_url(folder):
        yield from _walk_elsewhere(folder)
        return
    for here in _folders([folder]):
        yield from here.files


def matches(pattern: str, *, also: Collection[str] = ()) -> Iterator[Found]:
    """What a glob matches: pictures, .npz, .zip, .tar; the files of folders too, unless ** was through them already.

    Parquet and CSV only where the pattern itself ends so: beside pictures lie the tables that were made of them.
    ``also`` are further suffixes, lower case with the dot, of files that are taken.
    """
    wanted = {Kind.NPZ, Kind.ZIP, Kind.TAR, file_kind(pattern)} - {Kind.PICTURE}
    if is_url(pattern):
        yield from _matches_elsewhere(pattern, wanted, also)
        return
    found = sorted(set(_expand(pattern)))
    folders = [] if "**" in pattern else _once(found)
    inside: dict[str, list[Found]] = {folder: [] for folder in folders}
    place = ""
    for looked in _folders(folders):
        place = looked.path if looked.path in inside else place
        inside[place] += looked.files
    for path in found:
        if Path(path).is_dir():
            yield from inside.get(path, ())
        elif is_image(path) or file_kind(path) in wanted or Path(path).suffix.lower() in also:
            yield Found(path)


def glob_root(pattern: str) -> str:
    """The folder where a glob begins: its path up to the first part that has a wildcard; "." where that is none.

    >>> glob_root("cells/train/*/1*.png")
    'cells/train'
    """
    if is_url(pattern):
        from hemascope.data.remote import listing

        return listing.glob_root(pattern)
    parts = Path(pattern).parts
    first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return str(Path(*parts[:first]))


def _walk_elsewhere(folder: str) -> Iterator[Found]:
    """`walk` of a folder elsewhere."""
    from hemascope.data.remote import listing

    try:
        yield from (Found(*one) for one in listing.walk(folder, is_visible))
    except SourceError as problem:
        yield Found(folder, str(problem))


def _matches_elsewhere(pattern: str, wanted: Collection[Kind], also: Collection[str]) -> Iterator[Found]:
    """`matches` of a glob elsewhere."""
    from hemascope.data.remote import listing

    for one in listing.expand(pattern):
        if one.is_folder and "**" not in pattern:
            yield from _walk_elsewhere(one.url)
        elif not one.is_folder and (
            is_image(one.url) or file_kind(one.url) in wanted or Path(one.name).suffix.lower() in also
        ):
            yield Found(one.url)


class _Looked(NamedTuple):
    path: str
    files: list[Found]


def _folders(tops: list[str]) -> Iterator[_Looked]:
    """Folders and all visible ones below them, each once, depth first by name: files and folders in one order."""
    roots = [os.path.realpath(top or ".") for top in tops]
    seen: set[tuple[int, int]] = set()

    def look(folder: str) -> Iterator[_Looked]:
        try:
            about = Path(folder or ".").stat()
            if (about.st_dev, about.st_ino) in seen:
                return
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(folder or ".") as entries:
                found = sorted(
                    (entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries if is_visible(entry.name)
                )
        except OSError as problem:
            yield _Looked(folder, [Found(folder, f"{folder}: {problem.strerror or problem}")])
            return
        yield _Looked(folder, [])  # also one without files
        for name, is_folder, is_link in found:
            path = os.path.join(folder, name)  # noqa: PTH118 (keeps the folder as the user wrote it)
            if not is_folder:
                yield _Looked(folder, [Found(path)])
            elif not (is_link and any(_is_found_below(root, path) for root in roots)):
                yield from look(path)

    for top in tops:
        yield from look(top)


def _is_found_below(root: str, link: str) -> bool:
    """Whether what a link leads to is looked into without the link too, or lies above."""
    target = os.path.realpath(link)
    if Path(root).is_relative_to(target):
        return True
    return Path(target).is_relative_to(root) and bool(inner_parts(os.path.relpath(target, root)))


def _expand(pattern: str) -> Iterator[str]:
    """What a glob matches; for ** the folders are walked as in `walk`, so that no loop of links is followed."""
    parts = Path(pattern).parts
    if "**" not in parts:
        looped: dict[Path, bool] = {}
        for path in glob.iglob(pattern):  # noqa: PTH207 (may be absolute)
            above = Path(path).parent
            if above not in looped:
                looped[above] = _is_looped(above)
            if not looped[above]:
                yield path
        return
    first = parts.index("**")
    before, after = os.path.join("", *parts[:first]), parts[first + 1 :] or ("*",)  # noqa: PTH118
    bases = glob.glob(before) if glob.has_magic(before) else [before]  # noqa: PTH207
    for folder in dict.fromkeys(looked.path for looked in _folders(_once(bases))):
        yield from _expand(os.path.join(glob.escape(folder), *after))  # noqa: PTH118


def _once(paths: list[str]) -> list[str]:
    """The folders among some paths but those that loop; links last, since of one folder its own name goes first."""
    folders = [path for path in sorted(paths) if Path(path).is_dir() and not _is_looped(Path(path))]
    return sorted(folders, key=os.path.islink)


def _is_looped(folder: Path) -> bool:
    """Whether a folder's path goes through a link to a folder that it has come through before."""
    links = [part for part in (folder, *folder.parents) if part.is_symlink()]
    return any(link.parent.resolve().is_relative_to(link.resolve()) for link in links)
