"""Where the tasks of a command run, and how much of a cluster each gets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hemascope.engine.cluster import check
from hemascope.engine.tasks import Here, Tasks
from hemascope.errors import EngineError


class Where(NamedTuple):
    """Where tasks run.

    Attributes:
        on: None for this process, "ray" or the address of a cluster, see `hemascope.engine.cluster.cluster`.
        cores: of each task; where not given, the cluster's cores divided among those that run at once.
        gpus: of each, also a part of one; where not given, one where the cluster has any.
    """

    on: str | None = None
    cores: int | None = None
    gpus: float | None = None

    def check(self) -> None:
        """Refuse before any work what can be seen to be impossible.

        Raises:
            EngineError: no place to run, Ray is not installed, or a share without a cluster.
        """
        if self.on is not None:
            check(self.on)
        elif self.cores is not None or self.gpus is not None:
            raise EngineError(
                "--cores-each and --gpus-each share out a cluster", "Name one with --on, or leave them out."
            )


HERE = Where()
"""In this process."""


@contextlib.contextmanager
def tasks(where: Where, folder: Path, *, many: int) -> Iterator[Tasks]:
    """Make ready to run calls.

    Args:
        where: to run them.
        folder: where they work; on a cluster every machine must see it under the same path.
        many: how many there are to be.

    Raises:
        EngineError: no such cluster, or none of its machines has so much.
    """
    if where.on is None:
        yield Here()
        return
    from hemascope.engine.ray_tasks import on_ray  # late: it serves a cluster alone

    with on_ray(where.on, folder, many=many, cores=where.cores, gpus=where.gpus) as there:
        yield there
