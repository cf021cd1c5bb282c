"""What lies in folders elsewhere, and what a glob matches there, in the order of folders of this machine."""

import glob
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import unquote

from hemascope.data.remote.store import Store, attempt
from hemascope.data.remote.url import named, parts_of
from hemascope.errors import HemascopeError

_WEB_MAGIC = re.compile(r"[*\[]")  # of the web's addresses a ? begins the query


Visible = Callable[[str], bool]
"""Says of the name of a file or folder whether it is looked at."""


class Child(NamedTuple):
    """A file or folder in a folder."""

    name: str
    url: str
    is_folder: bool


class Listed(NamedTuple):
    """A file, or a folder that cannot be looked into: ``error`` says why, and is "" for files."""

    path: str
    error: str = ""


def has_magic(url: str) -> bool:
    """Whether a URL is a glob.

    >>> has_magic("s3://bucket/*/1?.png"), has_magic("https://host/1.png?part=2")
    (True, False)
    """
    web = parts_of(url).scheme in ("http", "https")
    return bool(_WEB_MAGIC.search(url.partition("?")[0])) if web else glob.has_magic(url)


def children(url: str) -> list[Child]:
    """What lies directly in a folder, by name.

    Raises:
        RemoteError: no such folder, or it cannot be looked into.
    """
    name = named(url).rstrip("/")
    web = parts_of(name).scheme in ("http", "https")

    def ask(to: Store) -> list[Child]:
        to.system.invalidate_cache()
        base = to.path.rstrip("/")
        found = {}
        for entry in to.system.ls(f"{base}/" if web else base, detail=True):
            path = entry["name"].rstrip("/")
            last = path.rpartition("/")[2]
            below = (
                path.startswith(f"{base.partition('?')[0]}/")
                and path.count("/") == base.partition("?")[0].count("/") + 1
            )
            if last and (not web or (below and "?" not in last)) and path != base:
                is_folder = entry["type"] == "directory" or entry["name"].endswith("/")
                found[unquote(last) if web else last] = Child(
                    unquote(last) if web else last, f"{name}/{last}", is_folder
                )
        return [found[each] for each in sorted(found)]

    return attempt(name, ask)


def walk(url: str, is_visible: Visible) -> Iterator[Listed]:
    """Every visible file in and below a folder: files and folders by name, each folder as it comes.

    Raises:
        RemoteError: the folder itself cannot be looked into; one below gives its error in its place.
    """
    yield from _below(children(url), is_visible)


def expand(pattern: str) -> list[Child]:
    """The files and folders that a glob matches, by name; ** goes through all visible folders.

    Raises:
        RemoteError: a folder on the way cannot be looked into.
    """
    root = glob_root(pattern)
    parts = named(pattern).removeprefix(f"{root}/").split("/")
    found = {child.url: child for child in _expand(root, parts)}
    return [found[url] for url in sorted(found)]


def glob_root(pattern: str) -> str:
    """The folder where a glob begins.

    >>> glob_root("s3://bucket/cells/*/1.png")
    's3://bucket/cells'
    """
    scheme, _, rest = named(pattern).partition("://")
    parts = rest.split("/")
    first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    if not first:
        raise HemascopeError(f"{pattern}: a glob in the name of the bucket or host", "Name it.")
    return f"{scheme}://{'/'.join(parts[:first])}"


def _below(found: list[Child], is_visible: Visible) -> Iterator[Listed]:
    for child in found:
        if not is_visible(child.name):
            continue
        if not child.is_folder:
            yield Listed(child.url)
            continue
        try:
            inside = children(child.url)
        except HemascopeError as problem:
            yield Listed(child.url, problem.problem)
            continue
        yield from _below(inside, is_visible)


def _expand(folder: str, parts: list[str]) -> Iterator[Child]:
    part, rest = parts[0], parts[1:]
    found = children(folder)
    if part == "**":
        yield from _matching(found, rest or ["*"])
        for child in found:
            if child.is_folder and not child.name.startswith("."):
                yield from _expand(child.url, parts)
    else:
        yield from _matching(found, parts)


def _matching(found: list[Child], parts: list[str]) -> Iterator[Child]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        for child in found:
            if child.is_folder:
                yield from _expand(child.url, parts)
        yield from _matching(found, rest or ["*"])
        return
    for child in found:
        if fnmatchcase(child.name, part) and (part.startswith(".") or not child.name.startswith(".")):
            if not rest:
                yield child
            elif child.is_folder:
                yield from _expand(child.url, rest)
