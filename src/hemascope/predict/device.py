"""Where a model file's network runs: the CPU, or an accelerator that gives what the CPU gives, and sooner."""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort

from hemascope.errors import DeviceError, did_you_mean
from hemascope.files import scratch
from hemascope.predict.accelerators import ACCELERATORS, Accelerator
from hemascope.predict.devices import AUTO, CPU, DEVICES, VARIABLE

BATCH = 8
"""Images a network run on the CPU: the fastest on one core, because its activations stay in the cache."""

ACCELERATED_BATCH = 64
"""The same on an accelerator, which is idle with fewer."""

_TOLERANCE = 0.01  # of the largest value: half precision rounds, and no label that is worth something depends on it


class Runs(Protocol):
    """What is asked of a session of onnxruntime."""

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of the inputs."""


@dataclass(frozen=True)
class Device:
    """Where a network runs.

    Attributes:
        name: of `hemascope.predict.devices.DEVICES`, as ``cpu`` or ``cuda:1``.
        said: one line for people, "on CUDA" or "CUDA failed: why; on the CPU"; "" where there was no choice.
        batch: images a network run, where nobody says.
    """

    name: str = CPU
    said: str = ""
    batch: int = BATCH


@dataclass(frozen=True)
class Trial:
    """What an accelerator is tried by.

    Attributes:
        outputs: to ask for.
        inputs: one or several runs, of several sizes; the last is timed.
        threads: runs that the CPU does at a time in use, each in the time of one.
        alike: whether an accelerator's answers are those of the CPU.
    """

    outputs: tuple[str, ...]
    inputs: Sequence[Mapping[str, np.ndarray]]
    threads: int
    alike: Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], bool]


def chosen(device: str | None) -> str:
    """The device that is meant: the given one, else that of the environment variable HEMASCOPE_DEVICE, else ``auto``.

    Raises:
        DeviceError: there is none of that name.

    >>> chosen("cuda:1")
    'cuda:1'
    """
    name = device or os.environ.get(VARIABLE) or AUTO
    kind, colon, number = name.partition(":")
    numbered = kind in ACCELERATORS and ACCELERATORS[kind].numbered and number.isdecimal()
    if kind not in DEVICES or (colon and not numbered):
        where = "" if device else f" ({VARIABLE})"
        raise DeviceError(
            f"{name!r} is no device{where}",
            f"Give one of {', '.join(DEVICES)}; of several GPUs one by its number, as cuda:1."
            + did_you_mean(kind, DEVICES),
        )
    return name


def check_there(device: str | None) -> str:
    """Refuse, before any work, a device that this installation of onnxruntime does not have; its name as `chosen`.

    Raises:
        DeviceError: it does not, with the package that brings it; or there is none of that name.
    """
    name = chosen(device)
    accelerator = ACCELERATORS.get(name.partition(":")[0])
    if accelerator and accelerator.provider not in ort.get_available_providers():
        there = [CPU, *_there()]
        raise DeviceError(
            f"{name}: this installation of onnxruntime has no {accelerator.title}; it has {', '.join(there)}",
            f"To get it: {accelerator.package}. Or leave it to --device {AUTO}.",
        )
    return name


def place(
    device: str | None, on_cpu: Runs, opened: Callable[[Sequence[Any], Path], Any], trial: Callable[[], Trial]
) -> tuple[Runs, Device]:
    """Put a network where it is wanted, having seen that it gives there what it gives on the CPU.

    ``auto`` takes the first accelerator that does so and is no slower than the CPU, else the CPU: that onnxruntime
    has one does not mean that it runs every graph, or gains by it.

    Args:
        device: see `chosen`.
        on_cpu: the network on the CPU.
        opened: providers, as onnxruntime takes them, and where to write a profile, to a session on them.
        trial: makes what an accelerator is tried by; not called where there is none to try.

    Returns:
        what to run, and where that is.

    Raises:
        DeviceError: the device that is asked for is not there, or fails.
    """
    name = check_there(device)
    if name == CPU:
        return on_cpu, Device(CPU, "on the CPU")
    names = _there() if name == AUTO else [name]
    failed: list[str] = []
    tried = trial() if names else None
    for one in names:
        assert tried is not None
        accelerator = ACCELERATORS[one.partition(":")[0]]
        try:
            session = _try(one, accelerator, on_cpu, opened, tried, timed=name == AUTO)
        except _FailedError as problem:
            failed.append(f"{accelerator.title} {problem}")
        else:
            return session, Device(one, "; ".join([*failed, f"on {accelerator.title}"]), ACCELERATED_BATCH)
    if name != AUTO:
        raise DeviceError(failed[0], f"Mend that, or leave the choice to --device {AUTO}, or take --device {CPU}.")
    return on_cpu, Device(CPU, "; ".join([*failed, "on the CPU"]) if failed else "")


def alike(on_cpu: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> bool:
    """Whether answers are the same but for rounding.

    >>> alike([np.array([0.5, 1.0])], [np.array([0.501, 1.0])]), alike([np.ones(2)], [np.array([1.0, 1.1])])
    (True, False)
    """
    return all(
        one.shape == other.shape
        and bool(np.isfinite(other).all())
        and float(np.abs(one - other).max(initial=0)) <= _TOLERANCE * float(np.abs(one).max(initial=1e-6))
        for one, other in zip(on_cpu, found, strict=True)
    )


def discs(count: int, side: int) -> np.ndarray:
    """Pictures for trials, drawn in no time: dark discs in paler ones, like cells, each in other colours.

    Args:
        count: n of them.
        side: in pixels.

    Returns:
        uint8 (n, side, side, 3).

    >>> discs(2, 32).shape
    (2, 32, 32, 3)
    """
    generator = np.random.default_rng(0)
    down, across = np.mgrid[:side, :side] / side - 0.5
    far = np.hypot(down, across)[None, :, :, None]
    sizes = generator.uniform(0.1, 0.25, (count, 1, 1, 1))
    ground, body, nucleus = (
        np.array(colour) + generator.uniform(-20, 20, (count, 1, 1, 3))
        for colour in ((225, 215, 220), (200, 160, 190), (110, 70, 140))
    )
    edges = (np.clip((radius - far) * side / 3 + 0.5, 0, 1) for radius in (1.7 * sizes, sizes))
    picture = ground
    for colour, cover in zip((body, nucleus), edges, strict=True):
        picture = picture + (colour - picture) * cover
    return (picture + generator.normal(0, 4, (count, side, side, 3))).clip(0, 255).astype(np.uint8)


class OneAtATime:
    """A session that several threads may call, though it runs one at a time."""

    def __init__(self, session: Runs) -> None:
        self._session = session
        self._turn = threading.Lock()

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """As the session."""
        with self._turn:
            return self._session.run(outputs, inputs)


class _FailedError(Exception):
    """Why an accelerator is not taken."""


def _there() -> list[str]:
    """Names of the accelerators that this installation of onnxruntime has."""
    given = ort.get_available_providers()
    return [name for name, accelerator in ACCELERATORS.items() if accelerator.provider in given]


def _try(
    name: str,
    accelerator: Accelerator,
    on_cpu: Runs,
    opened: Callable[[Sequence[Any], Path], Any],
    trial: Trial,
    *,
    timed: bool,
) -> Runs:
    """A session on an accelerator that has stood the trial.

    Raises:
        _FailedError: it has not.
    """
    number = name.partition(":")[2]
    for options in accelerator.options:
        given = (accelerator.provider, {**options, "device_id": number} if number else dict(options))
        try:
            session = _open(given, opened, trial)
        except _FailedError:
            if options is accelerator.options[-1]:
                raise
        else:
            break
    runs: Runs = session if accelerator.shared else OneAtATime(session)
    for inputs in trial.inputs:
        if not trial.alike(on_cpu.run(trial.outputs, inputs), _answers(runs, trial, inputs)):
            raise _FailedError("failed: its answers are not those of the CPU")
    if timed:
        mine, theirs = _seconds(runs, trial), _seconds(on_cpu, trial) / trial.threads
        if mine > theirs:
            raise _FailedError(f"is slower here ({mine * 1e3:.0f} ms against {theirs * 1e3:.0f})")
    return runs


def _open(provider: tuple[str, Mapping[str, str]], opened: Callable[[Sequence[Any], Path], Any], trial: Trial) -> Any:
    """A session of which a provider runs a part at least: it may take none of a graph, and says so nowhere else.

    Raises:
        _FailedError: there is none.
    """
    with scratch() as folder:
        try:
            with _silenced():
                if provider[0] == "CUDAExecutionProvider" and hasattr(ort, "preload_dlls"):
                    ort.preload_dlls()  # those of the packages nvidia-*, which the loader does not find by itself
                session = opened([provider, "CPUExecutionProvider"], folder / "profile")
        except Exception as problem:  # onnxruntime's errors have no common base of their own
            raise _FailedError(f"failed: {_line(problem)}") from problem
        if provider[0] not in session.get_providers():
            raise _FailedError("failed: onnxruntime left it out, most likely because its libraries cannot be loaded")
        _answers(session, trial, trial.inputs[0])
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    if not any(event.get("args", {}).get("provider") == provider[0] for event in events):
        raise _FailedError("failed: it runs no part of this network")
    return session


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Onnxruntime prints what it leaves out, and so do its helpers: it is said in one line of ours."""
    ort.set_default_logger_severity(4)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        ort.set_default_logger_severity(2)


def _answers(session: Runs, trial: Trial, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    try:
        return session.run(trial.outputs, inputs)
    except Exception as problem:
        raise _FailedError(f"failed: {_line(problem)}") from problem


def _seconds(session: Runs, trial: Trial) -> float:
    """The shorter of two runs: something else may hold up one."""
    spent = []
    for _ in range(2):
        began = time.perf_counter()
        session.run(trial.outputs, trial.inputs[-1])
        spent.append(time.perf_counter() - began)
    return min(spent)


def _line(problem: Exception) -> str:
    """The first line of onnxruntime's message, without its code."""
    line = next(iter(str(problem).splitlines()), "") or type(problem).__name__
    return line.split(" : ")[-1].strip()[:200].rstrip(".")
