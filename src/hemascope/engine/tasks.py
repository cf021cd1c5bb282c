"""Independent calls, such as the trainings of folds: run here one after the other, or side by side on a Ray cluster.

A function that runs as a task is one of a module. It takes ``progress``, and, where it is heard, ``tell``: what it
tells goes to the caller, who may end it by raising. It may run again from its beginning where its machine was lost, so
it goes on with what it finds in its folder.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, TypeVar

from hemascope.engine.joint import Joint
from hemascope.errors import EngineError
from hemascope.progress import SILENT, Progress

Result = TypeVar("Result")


@dataclass(frozen=True)
class Call:
    """One of several calls.

    Attributes:
        name: what the progress calls it, such as "fold 3 of 5".
        function: of a module; called with the arguments and ``progress``.
        arguments: those that are large come from `Tasks.put`.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Tasks(ABC):
    """Where calls run.

    Attributes:
        slots: how many at once.
    """

    slots = 1

    def __init__(self) -> None:
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether no further call is to begin: one failed, or Ctrl-C was pressed."""
        return self._stop.is_set()

    @abstractmethod
    def call(
        self,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        progress: Progress = SILENT,
        hear: Callable[[Any], None] | None = None,
    ) -> Any:
        """Run one call and give its result.

        Args:
            name: of it.
            function, arguments: as of a `Call`.
            progress: what it reports to.
            hear: called here with all that the function tells; what it raises ends the function there, and is raised.

        Raises:
            HemascopeError: that of the function.
            EngineError: it was lost too often, or its machine lacks what it needs.
            KeyboardInterrupt: `stopped` while it ran.
        """

    def put(self, value: Any) -> Any:
        """What stands for a large value as an argument, sent to each machine once: here the value itself."""
        return value

    def each(
        self,
        calls: Iterable[Call],
        *,
        what: str = "",
        progress: Progress = SILENT,
        lost: Callable[[int, EngineError], Any] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Run calls and give (position, result) of each as it ends: here one after the other, begun as it is asked for.

        Args:
            calls: in the order in which they begin.
            what: they are, such as "folds".
            progress: what they report to.
            lost: gives the result of a call, by its position, that the cluster could not run; None: that is an error.

        Raises:
            HemascopeError, KeyboardInterrupt: as of `call`; the other calls are stopped then.
        """
        for position, call in enumerate(calls):
            yield position, self.call(call.name, call.function, *call.arguments, progress=progress)

    def together(self, works: Sequence[Callable[[Progress], Result]], shown: Joint) -> Iterator[tuple[int, Result]]:
        """Run functions of this process side by side, a thread each, that `call` tasks; gives (position, result).

        Args:
            works: each takes its own progress.
            shown: where all of them report to.
        """

        def run(work: Callable[[Progress], Result], part: Progress) -> Result:
            try:
                return work(part)
            finally:
                part.step("")

        with ThreadPoolExecutor(max(1, len(works))) as threads:
            begun = {threads.submit(run, work, shown.part()): position for position, work in enumerate(works)}
            try:
                for future in as_completed(begun):
                    yield begun[future], future.result()
            except BaseException:
                self._stop.set()
                raise


class Here(Tasks):
    """Calls in this process.

    >>> def double(value, *, progress):
    ...     return 2 * value
    >>> list(Here().each([Call("one", double, (1,)), Call("two", double, (2,))]))
    [(0, 2), (1, 4)]
    """

    def call(
        self,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        progress: Progress = SILENT,
        hear: Callable[[Any], None] | None = None,
    ) -> Any:
        """Call it."""
        return function(*arguments, progress=progress, **({"tell": hear} if hear else {}))
