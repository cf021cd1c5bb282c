"""Calls as Ray tasks: a share of a machine each, run again where a machine is lost, heard and stopped from here."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from hemascope.engine.cluster import cluster
from hemascope.engine.joint import Joint
from hemascope.engine.mailbox import Mailbox
from hemascope.engine.shares import Machine, Share, share
from hemascope.engine.tasks import Call, Tasks
from hemascope.engine.worker import ASKED, BEGAN, Outcome, Site, work
from hemascope.errors import EngineError
from hemascope.progress import SILENT, Progress

RETRIES = 8
"""How often a task whose machine is lost is run again."""

_HEAD = "node:__internal_head__"  # a resource that the head of a cluster alone has
_LISTEN = 1.0  # seconds to wait for news before looking whether to stop
_ENDING = 15.0  # seconds that a task has to end by itself once it is told to


@contextlib.contextmanager
def on_ray(
    on: str, folder: Path, *, many: int, cores: int | None = None, gpus: float | None = None
) -> Iterator[RayTasks]:
    """Connect to a cluster and make ready for tasks; see `hemascope.engine.where.tasks`."""
    folder = folder.absolute()
    with cluster(on) as ray:
        machines = [
            Machine(node["Resources"].get("CPU", 0.0), node["Resources"].get("GPU", 0.0))
            for node in ray.nodes()
            if node["Alive"]
        ]
        each = share(machines, many, cores, gpus)
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / f".shared-{uuid.uuid4().hex}"
        mark.touch()
        there = RayTasks(ray, each, Site.here(mark))
        try:
            yield there
        finally:
            mark.unlink(missing_ok=True)


class _Begun(NamedTuple):
    """A task that the cluster was handed: its name, its number in the mailbox, and what stands for its result."""

    name: str
    key: int
    task: Any


class RayTasks(Tasks):
    """Calls on a cluster.

    Args:
        ray: connected.
        each: what a task gets.
        site: what each machine must have.
    """

    def __init__(self, ray: ModuleType, each: Share, site: Site) -> None:
        super().__init__()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self.slots, self._ray, self._site = each.slots, ray, site
        self._keys = itertools.count()
        head = next(node["NodeID"] for node in ray.nodes() if _HEAD in node["Resources"])  # without it all ends anyway
        self._box = (
            ray.remote(Mailbox)
            .options(num_cpus=0, max_restarts=-1, scheduling_strategy=NodeAffinitySchedulingStrategy(head, soft=True))
            .remote()
        )
        self._work = ray.remote(num_cpus=each.cores, num_gpus=each.gpus, max_retries=RETRIES, retry_exceptions=False)(
            work
        )

    def put(self, value: Any) -> Any:
        """Send it to the cluster's store."""
        return self._ray.put(value)

    def each(
        self,
        calls: Iterable[Call],
        *,
        what: str = "",
        progress: Progress = SILENT,
        lost: Callable[[int, EngineError], Any] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """All of them are handed to the cluster at once, which begins as many as it has room for."""

        def one(position: int, begun: _Begun, told: Progress) -> Any:
            try:
                return self._followed(begun, told)
            except EngineError as problem:
                if lost is None:
                    raise
                return lost(position, problem)

        begun = [self._begin(call.name, call.function, call.arguments) for call in calls]  # here, so in their order
        works = [partial(one, position, call) for position, call in enumerate(begun)]
        shown = Joint(progress, what, len(works))
        for over, (position, result) in enumerate(self.together(works, shown), start=1):
            shown.over(over)
            yield position, result

    def call(
        self,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        progress: Progress = SILENT,
        hear: Callable[[Any], None] | None = None,
    ) -> Any:
        """Run it as a task and wait for it, in whichever thread."""
        if self.stopped:
            raise KeyboardInterrupt
        return self._followed(self._begin(name, function, arguments, hear is not None), progress, hear)

    def _begin(
        self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...], heard: bool = False
    ) -> _Begun:
        key = next(self._keys)
        task = self._work.options(name=name).remote(self._box, key, self._site, function, heard, *arguments)
        return _Begun(name, key, task)

    def _followed(self, begun: _Begun, progress: Progress, hear: Callable[[Any], None] | None = None) -> Any:
        """Wait for a task, hear it and give its result."""
        name, key, task = begun
        try:
            return self._outcome(task, name, self._heard(task, key, name, progress, hear)).value
        except BaseException:
            self._end(task)
            raise

    def _heard(
        self, task: Any, key: int, name: str, progress: Progress, hear: Callable[[Any], None] | None
    ) -> BaseException | None:
        """Hear a task to its end; gives what `hear` raised, which ended it."""
        ended: BaseException | None = None
        begun, until = 0, float("inf")
        news = self._box.take.remote(key, _LISTEN)
        while time.monotonic() < until:
            ready, _ = self._ray.wait([task, news], num_returns=1, timeout=_LISTEN)
            if self.stopped and ended is None:
                raise KeyboardInterrupt
            letters = list(self._letters(news))
            if task in ready:  # its last letters arrived before its end
                letters += self._letters(self._box.take.remote(key, 0.0))
            for kind, *rest in letters:
                if kind == BEGAN:
                    begun += 1
                    if begun > 1:
                        progress.say(f"{name}: its worker was lost; it goes on from its checkpoint on {rest[0]}")
                elif kind == ASKED:
                    if ended is None and hear:
                        try:
                            hear(rest[0])
                        except BaseException as problem:
                            ended, until = problem, time.monotonic() + _ENDING
                    self._box.answer.remote(key, ended is not None)
                elif kind == "say":
                    progress.say(f"{name}: {rest[0]}")
                elif kind == "step":
                    progress.step(f"{name}: {rest[0]}", rest[1])
                else:
                    progress.done(*rest)
            if task in ready:
                break
            news = self._box.take.remote(key, _LISTEN)
        return ended

    def _letters(self, news: Any) -> Sequence[tuple[Any, ...]]:
        try:
            found: Sequence[tuple[Any, ...]] = self._ray.get(news)
        except self._ray.exceptions.RayError:  # the mailbox moves to another machine; what was in it is lost
            time.sleep(0.2)
            return ()
        return found

    def _outcome(self, task: Any, name: str, ended: BaseException | None) -> Outcome:
        if ended is not None:
            raise ended
        exceptions = self._ray.exceptions
        try:
            outcome: Outcome = self._ray.get(task)
        except exceptions.TaskCancelledError:
            raise EngineError(f"{name}: it was cancelled on the cluster", "Repeat the command to go on.") from None
        except exceptions.OutOfMemoryError:
            raise EngineError(
                f"{name}: its machine ran out of memory", "Give each task more room (--cores-each), then go on."
            ) from None
        except exceptions.RayTaskError as problem:  # it could not even be begun: our own errors come as outcomes
            raise EngineError(
                f"{name}: cannot run on the cluster ({problem.cause!r})",
                "Every machine needs the same hemascope, with what its tasks need: pip install 'hemascope[ray]'.",
            ) from None
        except exceptions.RayError as problem:
            reason = str(problem).strip().splitlines()[0]
            raise EngineError(
                f"{name}: its worker was lost {RETRIES + 1} times ({reason})", "Repeat the command to go on."
            ) from None
        if outcome.error is not None:
            raise outcome.error
        return outcome

    def _end(self, task: Any) -> None:
        """Stop a task by the end of its worker, which may come at any moment anyway: its last checkpoint stays."""
        with contextlib.suppress(Exception):
            if not self._ray.wait([task], timeout=0)[0]:
                self._ray.cancel(task, force=True)
                self._ray.wait([task], timeout=_ENDING)
