"""Slides elsewhere: what reads slides wants a file of this machine, so one at a time is copied, while it is read."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from hemascope.data.remote.copy import fetch
from hemascope.data.remote.path import located
from hemascope.data.remote.reading import about
from hemascope.data.remote.trouble import RemoteError, Trouble
from hemascope.errors import DecodeError
from hemascope.fields.slides import vendor
from hemascope.fields.slides.slide import REMEDY

SEVERAL = frozenset((".mrxs", ".vms", ".vmu"))
"""Suffixes of slides that consist of several files."""

MOST = 16 << 30
"""The largest slide that is copied, in bytes."""


class Copy:
    """The copy of a slide, a path of this machine that is called by its URL; it is gone when nothing reads it any more.

    Args:
        url: of the slide.
        say: is told that it is copied.

    Raises:
        DecodeError: it cannot be copied, is too large, consists of several files, or nothing is installed to read it.
    """

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self._url, name = url, located(url).name
        if Path(name).suffix.lower() in SEVERAL:
            raise DecodeError(f"{url}: a slide of several files is read on this machine only; copy it with its folder")
        if not vendor.is_installed() and find_spec("tifffile") is None:
            raise DecodeError(f"{url}: a slide; tifffile is not installed", REMEDY)
        try:
            found = about(url)
            size, free = found.size or 0, shutil.disk_usage(tempfile.gettempdir()).free
            if size > min(MOST, free):
                room = f"{free / 1e9:,.1f} GB that are free in {tempfile.gettempdir()}" if size > free else "16 GiB"
                raise RemoteError(url, Trouble(f"its {size / 1e9:,.1f} GB are more than the {room}", "Copy it."))
            say(f"{url}: copying it to read it, {size / 1e6:,.1f} MB")
            folder = tempfile.mkdtemp(prefix="hemascope-slide-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self._path = Path(folder, name)
            fetch(url, found, self._path)
        except RemoteError as problem:
            raise DecodeError(f"{url}: {problem.row}") from None
        except OSError as problem:
            raise DecodeError(f"{url}: cannot be copied to {tempfile.gettempdir()} ({problem.strerror})") from problem

    def __fspath__(self) -> str:
        return str(self._path)

    def __str__(self) -> str:
        return self._url
