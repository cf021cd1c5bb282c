"""How many processor cores there are to use."""

import os


def usable_cores() -> int:
    """CPU cores that this process may use, which may be fewer than the machine has.

    >>> usable_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
