"""A call on a machine of a Ray cluster: what it needs there, what it tells, and how it ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemascope import __version__
from hemascope.errors import EngineError

BEGAN, ASKED = "began", "asked"
"""Kinds of letters beside those of a progress: step, done, say."""

_PAUSE = 0.5  # seconds between two letters that say how much is done
_ASKS = 60  # times, a second apart, that a mailbox which is gone is asked again
_PATIENCE = 10.0  # seconds in which a file that another machine wrote must appear


@dataclass(frozen=True)
class Site:
    """What a worker must find on its machine.

    Attributes:
        mark: a file of this job in the folder where the tasks work.
        current: the folder that relative paths begin at, entered where it is there.
        version: of hemascope.
    """

    mark: Path
    current: Path
    version: str

    @classmethod
    def here(cls, mark: Path) -> Site:
        """As on this machine."""
        return cls(mark, Path.cwd(), __version__)

    def enter(self) -> None:
        """Raise an EngineError unless all is here."""
        machine = socket.gethostname()
        if self.version != __version__:
            raise EngineError(
                f"the machine {machine} has hemascope {__version__}, this one {self.version}",
                "Install the same version everywhere.",
            )
        with contextlib.suppress(OSError):
            os.chdir(self.current)
        until = time.monotonic() + _PATIENCE
        while not self.mark.is_file():
            if time.monotonic() > until:
                raise EngineError(
                    f"{self.mark.parent}: the machine {machine} does not see this folder",
                    "Name with -o a folder that every machine of the cluster has under the same path, such as one of "
                    "a network disk.",
                )
            time.sleep(0.2)


@dataclass(frozen=True)
class Outcome:
    """How a call ended: with a value or by an error."""

    value: Any = None
    error: Exception | None = None


class _Stop(BaseException):
    """Ends a function whose caller wants no more of it."""


def work(box: Any, key: int, site: Site, function: Callable[..., Any], heard: bool, *arguments: Any) -> Outcome:
    """Run a call in a worker.

    Args:
        box: the mailbox's actor.
        key: of the call in it.
        site: what must be here.
        function, arguments: the call.
        heard: whether the caller hears what the function tells.
    """
    told = Letters(box, key)
    told.send(BEGAN, socket.gethostname())
    try:
        site.enter()
        return Outcome(function(*arguments, progress=told, **({"tell": told.ask} if heard else {})))
    except _Stop:
        return Outcome()
    except Exception as problem:
        return Outcome(error=_whole(problem))
    finally:
        told.flush()


class Letters:
    """A progress whose reports go to the caller.

    Args:
        box: the mailbox's actor.
        key: of the call in it.
    """

    def __init__(self, box: Any, key: int) -> None:
        self._box, self._key, self._last = box, key, 0.0

    def step(self, name: str, total: int | None = None) -> None:
        """Send it."""
        self.send("step", name, total)

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """Send it, at most twice a second."""
        if time.monotonic() - self._last > _PAUSE:
            self._last = time.monotonic()
            self.send("done", count, total, note)

    def say(self, message: str) -> None:
        """Send it."""
        self.send("say", message)

    def send(self, *letter: Any) -> None:
        """Send a letter without waiting for its arrival."""
        self._box.post.remote(self._key, [letter])

    def ask(self, item: Any) -> None:
        """Tell the caller, and end here where it wants no more."""
        import ray

        for patience in range(_ASKS, -1, -1):
            try:
                stop = ray.get(self._box.ask.remote(self._key, (ASKED, item)))
                break
            except ray.exceptions.RayActorError:  # the mailbox moves to another machine
                if not patience:
                    raise
                time.sleep(1)
        if stop:
            raise _Stop

    def flush(self) -> None:
        """Wait until all that was sent has arrived, a while at most."""
        import ray

        with contextlib.suppress(Exception):
            ray.get(self._box.post.remote(self._key, []), timeout=_PATIENCE)


def _whole(problem: Exception) -> Exception:
    """The error as the caller gets it: the same, with the traceback of this machine as a note."""
    problem.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:
        return RuntimeError(f"{type(problem).__name__}: {problem}")
    return problem.with_traceback(None)
