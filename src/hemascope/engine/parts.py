"""A job cut into parts: each goes to the next free worker of a cluster, and to another where its worker is lost.

Ray Data does the same in fewer lines. It is not used because it wants all parts before it begins, and because a part of
a lost actor waits for that actor's restart, which never comes where the others hold all cores.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar

from hemascope.errors import EngineError, HemascopeError
from hemascope.progress import SILENT, Progress

DEATHS = 3
"""Workers that one part may cost, or that may end before they are ready, until it is no chance any more."""

_LISTEN = 1.0  # seconds to wait for a worker before looking whether to stop
_LOOK = 10.0  # seconds between looks at how large the cluster is
_LONG = 20.0  # seconds without any worker after which that is said
_AHEAD = 16  # parts cut before there are workers for them; later as many as are at work, so that workers double

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[P, R]):
    """A part that is done.

    Attributes:
        number: of the part.
        part: what was handed over.
        result: what came back.
        workers: how many there are now.
        host: the machine that did it.
    """

    number: int
    part: P
    result: R
    workers: int
    host: str


def each(
    ray: ModuleType,
    parts: Iterable[tuple[int, P]],
    make: Callable[..., Callable[[P], R]],
    *arguments: Any,
    workers: int | None = None,
    gpus: bool = False,
    name: Callable[[P], str] = str,
    stop: threading.Event | None = None,
    progress: Progress = SILENT,
) -> Generator[Done[P, R]]:
    """Have parts done by the workers of a cluster.

    A worker has one core, or one GPU. Lost ones are replaced as far as the cluster has room, and what they were at is
    done again by others: at most that part. Workers join as the cluster grows.

    Args:
        ray: connected, of `hemascope.engine.cluster.cluster`.
        parts: numbers and parts, taken as there are workers for them.
        make: called once in every worker, with ``arguments``; makes what does a part. Both, and parts and results, must
            be picklable.
        arguments: of ``make``; what is large goes into the cluster's store once (``ray.put``).
        workers: the most of them; one a core, or a GPU, where not given.
        gpus: a GPU each, where the cluster has any.
        name: of a part, for errors.
        stop: when set, it ends without waiting for what is at work.
        progress: told of lost workers.

    Yields:
        The parts as they are done, in whatever order.

    Raises:
        EngineError: a part has ended `DEATHS` workers, none can begin, or they have not this release of hemascope.
        HemascopeError: what ``make`` or a worker raised.
    """
    crew = _Crew(ray, make, arguments, workers, gpus, progress)
    following, tries = iter(parts), Counter[int]()
    ready: deque[tuple[int, P]] = deque()
    try:
        while not (stop and stop.is_set()):
            while len(ready) < crew.room() and (taken := next(following, None)) is not None:
                ready.append(taken)
            if not ready and not crew.working:
                return
            crew.hire(len(ready))
            while ready and crew.free:
                crew.give(*ready.popleft())
            for done, lost in crew.news():
                if done is not None:
                    if ready:  # before the caller takes its time with the result
                        crew.give(*ready.popleft())
                    yield done
                elif lost is not None:
                    number, part, why = lost
                    tries[number] += 1
                    if tries[number] >= DEATHS:
                        raise EngineError(
                            f"{name(part)}: ended {DEATHS} workers one after another ({_line(why)})",
                            "What is done is kept. Look for an image that takes too much memory, then --resume.",
                        )
                    ready.appendleft((number, part))
    finally:
        crew.dismiss()


class _Crew(Generic[P, R]):
    """The workers: those that begin, those that are free, and those at work."""

    def __init__(
        self,
        ray: ModuleType,
        make: Callable[..., Callable[[P], R]],
        arguments: tuple[Any, ...],
        workers: int | None,
        gpus: bool,
        progress: Progress,
    ) -> None:
        self._ray, self._workers, self._progress = ray, workers, progress
        self._kind = "GPU" if gpus and ray.cluster_resources().get("GPU", 0) >= 1 else "CPU"
        shares = {"num_cpus": 1 if self._kind == "CPU" else 0, "num_gpus": int(self._kind == "GPU")}
        self._actor = ray.remote(_Worker).options(max_restarts=0, scheduling_strategy="SPREAD", **shares)
        self._arguments = (make, *arguments)
        self._beginning: dict[Any, Any] = {}  # reference of the answer -> actor
        self._free: deque[tuple[Any, str]] = deque()  # actor and host
        self.working: dict[Any, tuple[Any, str, int, P]] = {}  # reference -> actor, host, part
        self._ended = 0  # workers in a row that ended before they were ready
        self._wanted, self._looked = 0, -_LOOK
        self._since: float | None = time.monotonic()  # when there began to be no worker

    @property
    def free(self) -> int:
        """Workers that wait for a part."""
        return len(self._free)

    def room(self) -> int:
        """How many parts to have ready: for workers that can be begun, and one for the next that is free."""
        if time.monotonic() - self._looked >= _LOOK:
            self._looked = time.monotonic()
            self._wanted = self._workers or max(1, int(self._ray.cluster_resources().get(self._kind, 0)))
        return max(1, min(self._wanted - len(self.working), max(_AHEAD, len(self.working))))

    def hire(self, ready: int) -> None:
        """Begin workers for parts that are ready, as far as there is room for them."""
        begun = len(self._free) + len(self.working) + len(self._beginning)
        for _ in range(min(self._wanted, ready + len(self.working)) - begun):
            actor = self._actor.remote(*self._arguments)
            self._beginning[actor.ready.remote()] = actor
        if self._since is not None and time.monotonic() - self._since > _LONG:
            self._since = None
            self._progress.say(f"Waiting for the first worker: the cluster has {self._wanted:,} {self._kind}s.")

    def give(self, number: int, part: P) -> None:
        """Hand a part to the free worker that waits the longest."""
        actor, host = self._free.popleft()
        self.working[actor.work.remote(part)] = actor, host, number, part

    def news(self) -> Iterable[tuple[Done[P, R] | None, tuple[int, P, Exception] | None]]:
        """What came in: parts that are done, and those that were lost with their worker."""
        from ray.exceptions import RayError, RayTaskError

        heard, _ = self._ray.wait([*self.working, *self._beginning], timeout=_LISTEN)
        for reference in heard:
            actor, host, number, part = self.working.pop(reference, (None, "", -1, None))
            beginner = self._beginning.pop(reference, None)
            try:
                answer = self._ray.get(reference)
            except RayTaskError as problem:
                raise _said(problem) from problem
            except RayError as problem:  # the worker, its machine, or what it gave is lost
                with contextlib.suppress(Exception):
                    self._ray.kill(actor or beginner)
                if beginner is not None:
                    self._ended += 1
                    if self._ended >= DEATHS * max(1, self._wanted):
                        raise EngineError(
                            f"workers end before they are ready: {_line(problem)}", "See `ray status` and Ray's logs."
                        ) from problem
                else:
                    self._progress.say(f"A worker on {host} was lost: its part is done again by another.")
                    if not self._free and not self.working:
                        self._since = time.monotonic()
                    yield None, (number, part, problem)  # type: ignore[misc]
                continue
            if beginner is not None:
                self._ended, self._since = 0, None
                self._free.append((beginner, answer[0]))
                _require_release(*answer)
            else:
                self._free.append((actor, host))
                yield Done(number, part, answer, len(self._free) + len(self.working), host), None  # type: ignore[arg-type]

    def dismiss(self) -> None:
        """End all of them."""
        actors = [
            *self._beginning.values(),
            *(one for one, _ in self._free),
            *(one[0] for one in self.working.values()),
        ]
        for actor in actors:
            with contextlib.suppress(Exception):
                self._ray.kill(actor)


class _Worker:
    """Runs in a worker."""

    def __init__(self, make: Callable[..., Callable[[Any], Any]], *arguments: Any) -> None:
        self._make, self._arguments = make, arguments
        self._do: Callable[[Any], Any] | None = None

    def ready(self) -> tuple[str, str]:
        """Make what does the parts; gives the machine's name and hemascope's release."""
        from hemascope import __version__

        self._do, self._arguments = self._make(*self._arguments), ()
        return socket.gethostname(), __version__

    def work(self, part: Any) -> Any:
        """Do a part."""
        assert self._do is not None
        return self._do(part)


def _require_release(host: str, theirs: str) -> None:
    from hemascope import __version__ as ours

    if theirs != ours:
        raise EngineError(
            f"{host}: a worker has hemascope {theirs}, this is {ours}", f"Install there: pip install hemascope=={ours}"
        )


def _said(problem: Any) -> HemascopeError:
    """What a worker raised, as an error for the user."""
    cause = problem.cause
    if isinstance(cause, HemascopeError):
        return cause
    if "No module named 'hemascope" in f"{problem} {cause}":
        return EngineError(
            "hemascope is not installed where the workers run",
            "Install the same release, and Python, on every machine of the cluster: pip install 'hemascope[ray]'.",
        )
    return EngineError(f"a worker failed: {_line(cause or problem)}", "What is done is kept: --resume goes on.")


def _line(problem: object) -> str:
    """A problem on one line."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return (lines[0] if lines else type(problem).__name__)[:300]
