"""How many processor cores there are to use."""

import math
import os
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """CPU cores that this process may use, which may be fewer than the machine has.

    Fewer where it is bound to some of them, and in a container that is given a share of their time.

    >>> usable_cores() >= 1
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(share(_GROUP) or cores)))


def share(group: Path) -> float | None:
    """How many cores' time a container has; None where that is not limited, or nobody says.

    Args:
        group: where Linux says it: ``cpu.max`` of cgroup 2, or two files of its ``cpu`` of cgroup 1.
    """
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return float(quota) / float(period) if quota != "max" and float(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
