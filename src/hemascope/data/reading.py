"""The images of a Manifest, one after another, decoded ahead by threads."""

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from hemascope.data.containers import Container, open_container
from hemascope.data.decode import decode
from hemascope.data.manifest import Manifest
from hemascope.errors import DecodeError, HemascopeError

T = TypeVar("T")
Job = Callable[[], np.ndarray]

_AHEAD = 4  # images a thread may be ahead of the reader
_OPEN = 4  # containers kept open


def read_images(manifest: Manifest, threads: int | None = None) -> Iterator[tuple[int, np.ndarray | DecodeError]]:
    """Read every image, in row order.

    Args:
        manifest: which images.
        threads: how many decode at a time; one a CPU where not given.

    Yields:
        (row position, uint8 (h, w, 3)), or (row position, error) where the row has an error already or its
        image cannot be read. At most a few images a thread are held, however long the table is.
    """
    return map_images(manifest, lambda image: image, threads)


def map_images(
    manifest: Manifest, function: Callable[[np.ndarray], T], threads: int | None = None
) -> Iterator[tuple[int, T | DecodeError]]:
    """Read every image and apply a function to it in the decoding threads; otherwise as `read_images`."""
    threads = threads or _cpus()
    table = manifest.table
    rows = zip(table["path"], table["member"], table["error"], strict=True)
    containers = _Containers()
    waiting: deque[tuple[int, Future[T | DecodeError]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        for row, (path, member, error) in enumerate(rows):
            job = containers.job(path, member, error)
            waiting.append((row, pool.submit(_run, job, function)))
            if len(waiting) >= _AHEAD * threads:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        containers.close()


def _run(job: Job, function: Callable[[np.ndarray], T]) -> T | DecodeError:
    try:
        return function(job())
    except DecodeError as problem:
        return problem


def _refused(problem: str) -> np.ndarray:
    raise DecodeError(problem)


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Containers:
    """The containers in use, the latest few kept open; one that cannot be opened fails its rows, not the run."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Container | str] = OrderedDict()

    def job(self, path: str, member: str, error: str) -> Job:
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

    def close(self) -> None:
        while self._open:
            self._release(self._open.popitem()[1])

    @staticmethod
    def _release(container: Container | str) -> None:
        if not isinstance(container, str):
            container.close()
