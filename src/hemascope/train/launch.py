"""How the processes of a training are begun: here, by torchrun, or on several machines."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import torch
import torch.distributed as dist

import hemascope
from hemascope.errors import DeviceError
from hemascope.train.device import choose_device
from hemascope.train.processes import JOIN, Child, Group, Place, using


@contextlib.contextmanager
def several(devices: int | None = None, nodes: int = 1) -> Iterator[Group | None]:
    """The processes of a training: those that torchrun began, or others that this one begins.

    Within it `current` gives them. Where it is left by an error, they end.

    Args:
        devices: on each machine; where not given, as torchrun says, else one.
        nodes: machines; of several each runs the same command, by torchrun or with the environment variables
            NODE_RANK (or Slurm's SLURM_NODEID), MASTER_ADDR and MASTER_PORT.

    Yields:
        the group; None where there is one device.

    Raises:
        DeviceError: more devices than there are, or numbers that contradict those of torchrun.
    """
    place = _place(devices, nodes)
    if place.size == 1:
        yield None
        return
    _check(place)
    with using(_begun(place)) as group:
        yield group


def leads(nodes: int = 1) -> bool:
    """Whether this process is the first of those that `several` gives: who writes and speaks."""
    return (os.environ["RANK"] if begun_by_torchrun() else _node() if nodes > 1 else "0") == "0"


def begun_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun began."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def _place(devices: int | None, nodes: int) -> Place:
    if begun_by_torchrun():
        rank, size, local_rank, local_size = (
            int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        )
        if devices not in (None, local_size) or nodes not in (1, size // local_size):
            raise DeviceError(
                f"torchrun began {local_size} processes on each of {size // local_size} machines, "
                f"but --devices and --num-nodes say {devices or local_size} on {nodes}",
                "Leave them out, or give torchrun the same numbers.",
            )
        return Place(rank, size, local_rank, local_size)
    devices = devices or 1
    if nodes == 1:
        return Place(0, devices, 0, devices)
    number = _node()
    if not (number.isdecimal() and int(number) < nodes and {"MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()):
        raise DeviceError(
            f"--num-nodes {nodes}: this process does not know which of the machines it is on",
            "Start it by torchrun on each of them, or set NODE_RANK (0, 1 ..), and MASTER_ADDR and MASTER_PORT to "
            "the first one's address and a free port.",
        )
    return Place(int(number) * devices, nodes * devices, 0, devices)


def _node() -> str:
    return os.environ.get("NODE_RANK") or os.environ.get("SLURM_NODEID") or ""


def _check(place: Place) -> None:
    device = choose_device()
    if device.type == "mps":
        raise DeviceError(f"--devices {place.local_size}: a Mac has one GPU", "Leave it out, or take --device cpu.")
    if device.index is not None:
        raise DeviceError(f"--device {device} names one device, --devices {place.local_size}", "Leave out either.")
    there = torch.cuda.device_count() if device.type == "cuda" else place.local_size
    if place.local_size > there:
        raise DeviceError(f"--devices {place.local_size}: there are {there} here", f"Give at most {there}.")


def _begun(place: Place) -> Group:
    if begun_by_torchrun():
        hosted = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"  # torchrun keeps the store itself
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        return Group(place, _store(address, port, place.leads and not hosted))
    alone = place.size == place.local_size
    address = "127.0.0.1" if alone else os.environ["MASTER_ADDR"]
    store = _store(address, 0 if alone else int(os.environ["MASTER_PORT"]), place.leads)
    children: dict[int, Child] = {
        place.rank + i: _Child([place.rank + i, place.size, i, place.local_size, address, store.port])
        for i in range(1, place.local_size)
    }
    return Group(place, store, children)


def joined(words: list[str]) -> Group:
    """The group of a process that another one began, by the words that it was given."""
    rank, size, local_rank, local_size = map(int, words[:4])
    return Group(Place(rank, size, local_rank, local_size), _store(words[4], int(words[5]), False))


def _store(address: str, port: int, serves: bool) -> Any:
    try:
        return dist.TCPStore(address, port, is_master=serves, wait_for_workers=False, timeout=timedelta(seconds=JOIN))
    except (RuntimeError, ValueError) as problem:
        raise DeviceError(
            f"{address}:{port}: the processes cannot meet there ({str(problem).splitlines()[0][:200]})",
            "MASTER_ADDR is the first machine's address, MASTER_PORT a port that is free on it and open to the others.",
        ) from problem


class _Child:
    """A process that this one began."""

    def __init__(self, words: list[Any]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        paths = [str(Path(hemascope.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HEMASCOPE_DEVICE": choose_device().type}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hemascope.train.worker", str(os.getpid()), *map(str, words)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is for the first process, which ends the others
        )

    def failure(self) -> str:
        """Why it ended; "" where it runs, or ended as it should."""
        code = self._process.poll()
        if not code or self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"signal {-code}; the system ends so what needs too much memory" if code < 0 else last or f"code {code}"

    def end(self) -> None:
        """End it, at once if it takes its time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._process.kill()
        self._process.wait()
        self._errors.close()
