"""A file or folder elsewhere as a path: what readers of local files ask of one."""

import functools
import io
import operator
import os
import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, cast

from hemascope.data.remote.url import is_url, named, parts_of


def located(text: str) -> Path:
    """The path that a source or a cell of a table names: of this machine, or elsewhere by its URL.

    >>> located("cells/1.png") == Path("cells/1.png"), str(located("s3://bucket/a") / "b.png")
    (True, 's3://bucket/a/b.png')
    """
    return cast("Path", RemotePath(text)) if is_url(text) else Path(text)


class RemotePath:
    """A URL that answers as a `pathlib.Path` does, as far as reading asks; ``str`` gives the URL without secrets.

    It has no ``__fspath__``: what opens only files of this machine refuses it, and does not look for it here.

    >>> path = RemotePath("https://me:pass@host/sets/cells.tar.gz?part=2")
    >>> path.name, path.suffixes, path.stem, str(path.parent)
    ('cells.tar.gz', ['.tar', '.gz'], 'cells.tar', 'https://host/sets')
    >>> RemotePath("s3://bucket/a/b.png").relative_to(RemotePath("s3://bucket/a/")).as_posix()
    'b.png'
    """

    def __init__(self, url: str) -> None:
        self._url = named(url)

    def __str__(self) -> str:
        return self._url

    def __repr__(self) -> str:
        return f"RemotePath({self._url!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and str(self) == str(other)

    def __lt__(self, other: "RemotePath") -> bool:
        return str(self) < str(other)

    def __hash__(self) -> int:
        return hash(self._url)

    @property
    def name(self) -> str:
        """The last part, without a query and as it is spelt for people."""
        return posixpath.basename(parts_of(self._url).path.rstrip("/"))

    @property
    def suffix(self) -> str:
        """As of a path."""
        return posixpath.splitext(self.name)[1]

    @property
    def suffixes(self) -> list[str]:
        """As of a path."""
        return Path(self.name).suffixes

    @property
    def stem(self) -> str:
        """As of a path."""
        return posixpath.splitext(self.name)[0]

    @property
    def parent(self) -> "RemotePath":
        """The folder it is in; a bucket's or host's is itself."""
        scheme, _, rest = self._url.partition("://")
        if scheme in ("http", "https"):
            rest = rest.partition("?")[0]
        above = posixpath.dirname(rest.rstrip("/"))
        return RemotePath(f"{scheme}://{above}") if above else self

    def __truediv__(self, below: "str | Path | RemotePath") -> "RemotePath | Path":
        text = str(below)
        if is_url(text):
            return RemotePath(text)
        if os.path.isabs(text):  # noqa: PTH117 (as of a path: what is absolute stands alone)
            return Path(text)
        scheme, _, rest = self._url.partition("://")
        root, _, folder = rest.partition("/")
        inside = posixpath.normpath(posixpath.join("/", folder, text)).lstrip("/")
        return RemotePath(f"{scheme}://{root}/{inside}")

    def resolve(self) -> "RemotePath":
        """Itself."""
        return self

    absolute = expanduser = resolve

    def with_name(self, name: str) -> "RemotePath":
        """Another file beside it."""
        return cast("RemotePath", self.parent / name)

    def with_suffix(self, suffix: str) -> "RemotePath":
        """The file of another suffix beside it."""
        return self.with_name(f"{self.stem}{suffix}")

    def joinpath(self, *parts: str) -> "RemotePath | Path":
        """What lies below it."""
        return functools.reduce(operator.truediv, parts, cast("Any", self))

    def is_relative_to(self, folder: object) -> bool:
        """Whether it lies in or below a folder."""
        return isinstance(folder, RemotePath) and f"{self}/".startswith(f"{str(folder).rstrip('/')}/")

    def relative_to(self, folder: "RemotePath") -> PurePosixPath:
        """Its place below a folder.

        Raises:
            ValueError: it does not lie there.
        """
        if not self.is_relative_to(folder):
            raise ValueError(f"{self} is not below {folder}")
        return PurePosixPath(str(self)[len(str(folder).rstrip("/")) + 1 :])

    def as_posix(self) -> str:
        """The URL."""
        return str(self)

    def exists(self) -> bool:
        """Whether there is a file or folder.

        Raises:
            RemoteError: the store does not tell.
        """
        return self._about() is not None

    def is_file(self) -> bool:
        """Whether there is a file."""
        found = self._about()
        return found is not None and not found.is_folder

    def is_dir(self) -> bool:
        """Whether there is a folder."""
        found = self._about()
        return found is not None and found.is_folder

    def glob(self, pattern: str) -> Iterator["RemotePath"]:
        """The files directly in it whose names match."""
        from hemascope.data.remote.listing import children
        from hemascope.data.remote.trouble import RemoteError

        try:
            found = children(self._url)
        except RemoteError as problem:
            if problem.trouble.missing:
                return
            raise
        for child in found:
            if not child.is_folder and fnmatchcase(child.name, pattern):
                yield RemotePath(child.url)

    def open(self, mode: str = "r", *, encoding: str | None = None, newline: str | None = None) -> Any:
        """The file, for reading.

        Raises:
            RemoteError: there is none.
        """
        from hemascope.data.remote.file import RemoteFile

        if set(mode) - set("rbt"):
            raise io.UnsupportedOperation("write")
        raw = io.BufferedReader(RemoteFile(self._url), 1 << 16)
        return raw if "b" in mode else io.TextIOWrapper(raw, encoding=encoding or "utf-8", newline=newline)

    def _about(self) -> Any:
        from hemascope.data.remote.reading import about
        from hemascope.data.remote.trouble import RemoteError

        try:
            return about(self._url)
        except RemoteError as problem:
            if problem.trouble.missing:
                return None
            raise
