"""The threads that wait for bytes from elsewhere: some for the whole process, so that no store is overrun."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

READERS = 16
"""Reads at a time. On a line with 50 ms to the store that makes 320 files a second."""

_pools: dict[int, ThreadPoolExecutor] = {}
_making = threading.Lock()


def readers() -> ThreadPoolExecutor:
    """The pool; what runs in it must not wait for another task of it."""
    with _making:
        if os.getpid() not in _pools:  # a fork has none of its parent's threads
            _pools[os.getpid()] = ThreadPoolExecutor(READERS, thread_name_prefix="remote")
        return _pools[os.getpid()]
