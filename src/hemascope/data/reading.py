"""The images of a Manifest, one after another, decoded ahead by threads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from hemascope.cores import usable_cores
from hemascope.data.containers.open import Containers, Job
from hemascope.data.left_out import left_out as gathered
from hemascope.data.listing import Place
from hemascope.data.manifest import Manifest
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
    rows = zip(table["path"], table["member"], table["error"], strict=True)
    containers = Containers()
    waiting: deque[tuple[int, Future[T | DecodeError]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        for row, (path, member, error) in enumerate(rows):
            job = containers.job(path, member, error)
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


def _run(job: Job, function: Callable[[np.ndarray], T], name: str, left_out: dict[str, str] | None) -> T | DecodeError:
    try:
        with gathered() as found:
            image = job()
        if left_out is not None and found:
            left_out[name] = found[0]
        return function(image)
    except DecodeError as problem:
        return problem
