"""The images of a Manifest, one after another, decoded ahead by threads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

import numpy as np

from hemascope.cores import usable_cores
from hemascope.data.containers.open import Containers, Job
from hemascope.data.decode import decode
from hemascope.data.left_out import left_out as gathered
from hemascope.data.listing import Place
from hemascope.data.manifest import Manifest
from hemascope.data.regular import MAX_BYTES
from hemascope.data.remote.url import is_url
from hemascope.errors import DecodeError

T = TypeVar("T")

_AHEAD = 4  # images a thread may be ahead of the reader


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
    manifest: Manifest,
    function: Callable[[np.ndarray], T],
    threads: int | None = None,
    left_out: dict[str, str] | None = None,
) -> Iterator[tuple[int, T | DecodeError]]:
    """Read every image and apply a function to it in the decoding threads; otherwise as `read_images`.

    ``left_out`` is given, by the images' names, what of their files is not read.
    """
    threads = threads or usable_cores()
    table = manifest.table
    rows = enumerate(zip(table["path"], table["member"], table["error"], strict=True))
    containers = Containers()
    waiting: deque[tuple[int, Future[T | DecodeError]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        for (row, (path, member, error)), found in _fetched(rows):
            job = containers.job(path, member, error) if found is None else _of(found, path)
            waiting.append((row, pool.submit(_run, job, function, Place(path, member).name, left_out)))
            if len(waiting) >= _AHEAD * threads:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        containers.close()


_Row = tuple[int, tuple[str, str, str]]


def _fetched(rows: Iterator[_Row]) -> Iterator[tuple[_Row, bytes | str | None]]:
    """Each row, with the bytes of its picture or why there are none, where it is a file elsewhere."""
    for row in rows:
        if _url(row):
            from hemascope.data.remote.ahead import read_ahead

            yield from read_ahead(chain([row], rows), _url, MAX_BYTES)
            return
        yield row, None


def _url(row: _Row) -> str | None:
    path, member, error = row[1]
    return path if is_url(path) and not member and not error else None


def _of(found: bytes | str, path: str) -> Job:
    """What decodes a picture from elsewhere, or tells why it did not come."""
    if isinstance(found, bytes):
        return lambda: decode(found, name=path)

    def refused() -> np.ndarray:
        raise DecodeError(f"{path}: {found}")

    return refused


def _run(job: Job, function: Callable[[np.ndarray], T], name: str, left_out: dict[str, str] | None) -> T | DecodeError:
    try:
        with gathered() as found:
            image = job()
        if left_out is not None and found:
            left_out[name] = found[0]
        return function(image)
    except DecodeError as problem:
        return problem
