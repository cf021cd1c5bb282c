"""The processes of one training, a device each: what they share, and how they end.

The first process does everything that a training does, and the others help it to fit: they wait for a task, take part
in it, and wait again. So the images need to be on the first one's machine alone, and nothing else is done twice.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor

from hemascope.cores import usable_cores
from hemascope.errors import DeviceError
from hemascope.train.device import choose_device

JOIN = 600.0
"""Seconds for all processes to come together."""

_SILENCE = timedelta(minutes=30)  # of one that waits for the others within a step, before it gives up
_PIECE = 1 << 26  # bytes sent at a time
_TOLD = 5.0  # seconds that one that fails gives the first to say so, and that the first waits for the reason

_OVER = "over"

GO_ON = (
    "Go on with hemascope train --resume RUN: at most an epoch is lost. Fewer devices or a smaller batch_size may fit."
)


@dataclass(frozen=True)
class Place:
    """One process among those of a training.

    Attributes:
        rank: its number among all, from 0 on.
        size: how many there are.
        local_rank: its number on its machine, which is that of its device.
        local_size: how many there are on its machine, and on every other one.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether it is the first, which alone writes and reports."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Which of so many images are its own; the shares differ by one at most.

        >>> [Place(rank, 3).share(8) for rank in range(3)]
        [slice(0, 3, None), slice(3, 6, None), slice(6, 8, None)]
        """
        each, more = divmod(count, self.size)
        start = self.rank * each + min(self.rank, more)
        return slice(start, start + each + (self.rank < more))

    def summed(self, values: Tensor) -> Tensor:
        """The sum over all processes of a tensor on the CPU, the same to the last bit in each."""
        if self.size > 1:
            dist.all_reduce(values)
        return values


ALONE = Place()


class Child(Protocol):
    """A process that this one began."""

    def failure(self) -> str:
        """Why it ended; "" where it runs, or ended as it should."""

    def end(self) -> None:
        """End it."""


class Group:
    """The processes of a training, as one of them sees them.

    Args:
        place: its own.
        store: what they agree by.
        children: those that this one began, by their ranks.
    """

    def __init__(self, place: Place, store: Any, children: dict[int, Child] | None = None) -> None:
        self.place = place
        self._store = dist.PrefixStore("hemascope", store)
        self._groups = dist.PrefixStore("torch", store)
        self._children = children or {}
        self._told = 0
        self._works = False

    def gather(self) -> None:
        """Wait until all others are there.

        Raises:
            DeviceError: one does not come.
        """
        wanted, until = [f"here/{rank}" for rank in range(1, self.place.size)], time.monotonic() + JOIN
        while not self._store.check(wanted):
            if reason := self.failure():
                raise DeviceError(*reason)
            if time.monotonic() > until:
                missing = [key.removeprefix("here/") for key in wanted if not self._store.check([key])]
                raise DeviceError(
                    f"processes {', '.join(missing)} of {self.place.size} do not come",
                    "Start the same command on every machine, and see that they reach the first one's port.",
                )
            time.sleep(0.05)

    def _connect(self) -> None:
        """Open what tensors are sent by, if that is not done yet; all must do so at a time."""
        if dist.is_initialized():
            return
        backend = "cpu:gloo,cuda:nccl" if choose_device().type == "cuda" else "gloo"
        dist.init_process_group(
            backend, store=self._groups, rank=self.place.rank, world_size=self.place.size, timeout=_SILENCE
        )
        if self.place.leads and self._children:
            threading.Thread(target=self._watch, daemon=True).start()

    @contextlib.contextmanager
    def at_work(self, task: object) -> Iterator[None]:
        """Give the others a task, which `next` gives to each of them, and do one's own part of it meanwhile.

        Raises:
            DeviceError: one of the others cannot do its part.
        """
        self._works = True
        try:
            self.gather()
            self._tell("task")
            self._connect()
            _send(task)
            yield
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as problem:
            if reason := self._reason():
                raise reason from problem
            if isinstance(problem, dist.DistError) or "gloo" in str(problem):
                said = " ".join(str(problem).split())[-200:]
                raise DeviceError(f"the processes of this training lost each other ({said})", GO_ON) from problem
            raise
        finally:
            self._works = False

    def next(self) -> Any:
        """The next task, as `at_work` was given it; a str, the last word, when there is none any more.

        Raises:
            SystemExit: the first process gave up.
        """
        self._store.set(f"here/{self.place.rank}", "")
        while not (word := self._word()):
            time.sleep(0.05)
        self._told += 1
        if word == _OVER:
            raise SystemExit(1)
        if word != "task":
            return word.partition(" ")[2]
        self._connect()
        return _receive()

    def _word(self) -> str:
        """What the first process said last; "" where it has not spoken since."""
        key = f"word/{self._told}"
        return self._store.get(key).decode() if self._store.check([key]) else ""

    def end(self, word: str) -> None:
        """Tell the others that there is nothing more to do, and wait until they are gone."""
        if self.place.leads:
            self._tell(f"end {word}")
            wanted, until = [f"gone/{rank}" for rank in range(1, self.place.size)], time.monotonic() + _TOLD
            while not self._store.check(wanted) and time.monotonic() < until:
                time.sleep(0.02)
        else:
            self._store.set(f"gone/{self.place.rank}", "")
        self.close()

    def give_up(self) -> None:
        """Tell the others, if this is the first process, that it will not go on."""
        if self.place.leads:
            with contextlib.suppress(RuntimeError):
                self._tell(_OVER)

    def close(self) -> None:
        """Leave, whatever the others do; those that this one began end."""
        children, self._children = self._children, {}
        for child in children.values():
            child.end()
        if dist.is_initialized():
            dist.destroy_process_group()

    def fail(self, problem: str, remedy: str) -> None:
        """Tell the first process why this one cannot go on, and give it time to say so."""
        with contextlib.suppress(RuntimeError):  # the first one is gone, and has said so itself
            self._store.set(f"failed/{self.place.rank}", f"{problem}\n{remedy}")
            until = time.monotonic() + _TOLD
            while self._word() != _OVER and time.monotonic() < until:
                time.sleep(0.05)

    def failure(self) -> tuple[str, str] | None:
        """Why one of the others cannot go on, and the remedy; None where all can."""
        for rank in range(1, self.place.size):
            key = f"failed/{rank}"
            if self._store.check([key]):
                problem, _, remedy = self._store.get(key).decode().partition("\n")
                return f"device {rank}: {problem}", remedy
        for rank, child in self._children.items():
            if reason := child.failure():
                return f"the process of device {rank} ended ({reason})", GO_ON
        return None

    def _reason(self) -> DeviceError | None:
        """Why what all do together failed here, if it is for another one's reason, which may be told late."""
        until = time.monotonic() + _TOLD
        while time.monotonic() < until:
            with contextlib.suppress(RuntimeError):
                if reason := self.failure():
                    return DeviceError(*reason)
            time.sleep(0.05)
        return None

    def _tell(self, word: str) -> None:
        self._store.set(f"word/{self._told}", word)
        self._told += 1

    def _watch(self) -> None:
        """End this process if it waits for one that is gone, as an accelerator does for ever."""
        while self._children:
            if self._works and any(child.failure() for child in list(self._children.values())):
                time.sleep(4 * _TOLD)
                if self._works:
                    problem, remedy = self.failure() or ("a process ended", GO_ON)
                    os.write(2, f"error: {problem}\n{remedy}\n".encode())
                    for child in self._children.values():
                        child.end()
                    os._exit(2)
            time.sleep(0.5)


_CURRENT: ContextVar[Group | None] = ContextVar("group", default=None)


def current() -> Group | None:
    """The processes that a training here is divided among; None where it is alone."""
    return _CURRENT.get()


@contextlib.contextmanager
def using(group: Group) -> Iterator[Group]:
    """While it lasts, `current` gives this group; it is left in the end."""
    token = _CURRENT.set(group)
    try:
        yield group
    except BaseException:
        group.give_up()
        raise
    finally:
        _CURRENT.reset(token)
        group.close()


def devices_used() -> int:
    """How many devices a training here is divided among."""
    group = current()
    return group.place.size if group else 1


def _send(task: object) -> None:
    """Send an object to all others; what it holds of arrays goes as it lies in memory."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(task, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    dist.broadcast_object_list([head, [len(raw) for raw in raws]], src=0)
    for raw in raws:
        for piece in torch.frombuffer(raw, dtype=torch.uint8).split(_PIECE) if len(raw) else ():
            dist.broadcast(piece, src=0)


def _receive() -> Any:
    given: list[Any] = [None, None]
    dist.broadcast_object_list(given, src=0)
    head, lengths = given
    buffers = [bytearray(length) for length in lengths]
    for buffer in filter(len, buffers):
        for piece in torch.frombuffer(buffer, dtype=torch.uint8).split(_PIECE):
            dist.broadcast(piece, src=0)
    return pickle.loads(head, buffers=buffers)


@contextlib.contextmanager
def own_cores(place: Place) -> Iterator[None]:
    """While it lasts, this process works on its share of the machine's cores."""
    threads = torch.get_num_threads()
    if place.size > 1:
        torch.set_num_threads(max(1, usable_cores() // place.local_size))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
