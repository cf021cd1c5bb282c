"""One image of a Manifest's row, wherever it lies: in a file of its own or in one that holds many."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import numpy as np

from hemascope.data.containers.npz import Npz
from hemascope.data.containers.synthetic import SCHEME, Synthetic
from hemascope.data.containers.tar import Tar
from hemascope.data.containers.zip import Zip
from hemascope.data.decode import decode
from hemascope.data.kinds import Kind, file_kind
from hemascope.errors import DecodeError, HemascopeError, SourceError

Job = Callable[[], np.ndarray]
"""Reads one image, uint8 (h, w, 3), in any thread; it may raise DecodeError."""

_OPEN = 4  # containers kept open


class Container(Protocol):
    """An open file of many images."""

    def job(self, member: str) -> Job:
        """What reads one image, to be run in any thread; it may raise DecodeError."""

    def close(self) -> None:
        """Let go of the file."""


def open_container(path: str) -> Container:
    """Open a .npz, a Parquet or Arrow file, a zip or tar archive or ``synthetic://SEED``.

    Raises:
        SourceError: no such container, or it cannot be read.
    """
    if path.startswith(SCHEME):
        return Synthetic(path)
    if path.endswith(".arrow"):  # of the library `datasets`; no source by its name
        from hemascope.data.containers.arrow import Arrow  # brings pyarrow, which only such a file needs

        return Arrow(path)
    match file_kind(path):
        case Kind.NPZ:
            return Npz(path)
        case Kind.ZIP:
            return Zip(path)
        case Kind.TAR:
            return Tar(path)
        case Kind.PARQUET:
            from hemascope.data.containers.parquet import Parquet  # brings pyarrow, which only such a file needs

            return Parquet(path)
    raise SourceError(f"{path}: not a container of images")


class Containers:
    """The containers in use, the latest few kept open; one that cannot be opened fails its rows, not the run."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Container | str] = OrderedDict()

    def job(self, path: str, member: str, error: str = "") -> Job:
        """What reads one row's image, to be run in any thread.

        Args:
            path: of the file, or of the container.
            member: where in the container; "" for a file of its own.
            error: why the row has no image, if it has none: reading then raises that.
        """
        if error:
            return lambda: _refused(error)
        if not member:
            return lambda: decode(path, name=path)
        container = self._get(path)
        if isinstance(container, str):
            return lambda: _refused(container)
        try:
            return container.job(member)
        except HemascopeError as problem:
            reason = problem.problem
            return lambda: _refused(reason)

    def close(self) -> None:
        """Let go of all files."""
        while self._open:
            self._release(self._open.popitem()[1])

    def _get(self, path: str) -> Container | str:
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        while len(self._open) >= _OPEN:
            self._release(self._open.popitem(last=False)[1])
        try:
            self._open[path] = open_container(path)
        except HemascopeError as problem:
            self._open[path] = problem.problem
        return self._open[path]

    @staticmethod
    def _release(container: Container | str) -> None:
        if not isinstance(container, str):
            container.close()


def _refused(problem: str) -> np.ndarray:
    raise DecodeError(problem)
