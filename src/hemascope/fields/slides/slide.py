"""A scanned slide: a picture of any size, at one or several levels, of which parts are read."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from hemascope.errors import DecodeError, HemascopeError

SUFFIXES = frozenset(f".{kind}" for kind in ("svs", "ndpi", "mrxs", "scn", "vms", "vmu", "bif", "svslide", "btf"))
"""Suffixes, lower case with the dot, of the slides that are none of a picture."""

TIFF_SUFFIXES = frozenset((".tif", ".tiff"))
"""Those of a picture that may be a slide."""

REMEDY = "Install what reads slides: pip install 'hemascope[slides]'."


_DISTORTED = 3.0
"""Times that a level may be wider or narrower than the largest: small ones are rounded."""


class Level(NamedTuple):
    """A slide at one size: its width and height in pixels, and pixels of the largest level for one of its own."""

    width: int
    height: int
    downsample: float


class Reader(Protocol):
    """An open file of a slide.

    Attributes:
        levels: the largest first.
        micrometres: for a pixel of the largest, as the file says; None where it does not.
    """

    levels: tuple[Level, ...]
    micrometres: float | None

    def read(self, level: int, left: int, top: int, width: int, height: int) -> np.ndarray:
        """A part that lies within a level, in its pixels; uint8 (height, width, 3)."""

    def close(self) -> None:
        """Close the file."""


class Slide:
    """A slide of which parts are read; its file is opened when it is needed. Safe to call from several threads.

    Args:
        name: of the file, for errors.
        opener: opens it.

    Raises:
        DecodeError: it cannot be opened.
    """

    def __init__(self, name: str, opener: Callable[[], Reader]) -> None:
        self.name = name
        self._opener = opener
        self._lock = threading.Lock()
        self._open: list[Reader] = []  # one or none
        weakref.finalize(self, _close, self._open)
        with self._lock:
            reader = self._reader()
            if _distorted(reader.levels):
                _close(self._open)
                raise _error(name, DecodeError("its levels are not of one picture: one is much wider or narrower"))
        self.levels: tuple[Level, ...] = reader.levels
        self.micrometres: float | None = reader.micrometres

    def region(self, level: int, left: int, top: int, width: int, height: int) -> np.ndarray:
        """A part of a level, uint8 (height, width, 3).

        Args:
            level: its number, from 0 for the largest.
            left, top, width, height: in pixels of the level; within it.

        Raises:
            DecodeError: it is damaged.
        """
        with self._lock:
            reader = self._reader()
            try:
                return reader.read(level, left, top, width, height)
            except MemoryError:
                raise
            except Exception as problem:  # readers of damaged files raise almost anything
                _close(self._open)  # libraries give nothing more after some errors
                raise _error(self.name, problem) from problem

    def close(self) -> None:
        """Close the file; reading a part opens it again."""
        with self._lock:
            _close(self._open)

    def _reader(self) -> Reader:
        if not self._open:
            try:
                self._open.append(self._opener())
            except MemoryError:
                raise
            except Exception as problem:
                raise _error(self.name, problem) from problem
        return self._open[0]


def _distorted(levels: tuple[Level, ...]) -> bool:
    """Whether sides of a level do not go together with those of the largest: a damaged one may be millions wide."""
    times = [(levels[0].width / one.width) / (levels[0].height / one.height) for one in levels]
    return max(times) > _DISTORTED or min(times) < 1 / _DISTORTED


def _close(readers: list[Reader]) -> None:
    while readers:
        readers.pop().close()


def _error(name: str, problem: Exception) -> DecodeError:
    if isinstance(problem, HemascopeError):
        return DecodeError(f"{name}: {problem.problem.removeprefix(f'{name}: ')}", problem.remedy)
    told = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return DecodeError(f"{name}: a slide that is damaged, or of a kind that is not read ({told})")
