"""Where a job of predicting runs: in this process, or by the workers of a cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hemascope.errors import EngineError
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    from hemascope.engine.parts import Done
    from hemascope.predict.cut import Part


class Seeing(Protocol):
    """What a worker says, whatever it makes of its parts."""

    @property
    def unseen(self) -> tuple[str, ...]:
        """Files that it did not find; locally there may be none as well."""


R = TypeVar("R", bound=Seeing)


@dataclass(frozen=True)
class Cluster:
    """Where to work, and by how many.

    Attributes:
        on: "ray", or a cluster's address, see `hemascope.engine.cluster.cluster`.
        workers: the most of them; one a core, or GPU, where not given.
        stop: when set, it ends without waiting for what is at work.
        progress: told of lost workers.
    """

    on: str
    workers: int | None = None
    stop: threading.Event | None = None
    progress: Progress = SILENT

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self.stop is not None and self.stop.is_set()

    def each(
        self, parts: Iterator[tuple[int, Part]], make: Callable[..., Callable[[Part], R]], *arguments: Any
    ) -> Generator[Done[Part, R]]:
        """What workers make of parts, as they are done.

        Args:
            parts: with their numbers.
            make: makes a worker; what that gives has ``unseen``, the files that it did not find.
            arguments: of ``make``; a `Packed` goes into the cluster's store, once for all.

        Raises:
            EngineError: the cluster is not to be had, or does not see the images.
        """
        if (first := next(parts, None)) is None:
            return  # all of it is done: no cluster is needed
        from hemascope.engine.cluster import cluster
        from hemascope.engine.parts import each
        from hemascope.predict.worker import Packed, require_seen

        with cluster(self.on) as ray:
            sent = [ray.put(one) if isinstance(one, Packed) else one for one in arguments]
            with closing(
                each(
                    ray,
                    chain([first], parts),
                    make,
                    *sent,
                    workers=self.workers,
                    gpus=_has_gpu_runtime(),
                    name=_from_to,
                    stop=self.stop,
                    progress=self.progress,
                )
            ) as found:
                for done in found:
                    require_seen(done.result.unseen, done.host)
                    yield done


def checked_place(
    on: str | None,
    workers: int | None,
    threads: int | None,
    stop: threading.Event | None,
    progress: Progress,
) -> Cluster | None:
    """The cluster that options name; None for this process.

    Raises:
        EngineError: they name none, Ray is not installed, or the options are those of the other way.
    """
    if on is None:
        if workers is not None:
            raise EngineError("--workers are those of a cluster", "Give --on ray too, or --threads for this machine.")
        return None
    from hemascope.engine.cluster import check

    check(on)
    if threads is not None:
        raise EngineError("--threads are those of this machine", "A cluster's workers have one each: --workers.")
    return Cluster(on, workers, stop, progress)


def rate(what: str, done: int, since: float, workers: int | None, left: int | None) -> str:
    """How fast it goes, for the progress.

    Args:
        what: is counted.
        done: of it, since the `time.monotonic` ``since``.
        workers: at work; None for this process.
        left: what is to come, where that is known.

    >>> rate("images", 500, time.monotonic() - 10, 2, 9_500)
    '(50.0 images/s, 2 workers, 9,500 left)'
    """
    speed = done / max(time.monotonic() - since, 1e-9)
    parts = [f"{speed:,.0f} {what}/s" if speed >= 100 else f"{speed:,.1f} {what}/s"]
    if workers is not None:
        parts.append(f"{workers:,} worker{'s' * (workers != 1)}")
        parts += [] if left is None else [f"{max(0, left):,} left"]
    return f"({', '.join(parts)})"


def _has_gpu_runtime() -> bool:
    """Whether models can run on a GPU here, so that workers are given one each."""
    import onnxruntime as ort

    return "CUDAExecutionProvider" in ort.get_available_providers()


def _from_to(part: Part) -> str:
    """A part by its images."""
    return f"the images from {part.entries[0].path} to {part.entries[-1].path}"
