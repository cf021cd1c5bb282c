"""Runs a target: a few fixed examples in the test suite, or random ones for as long as `make fuzz` gives it."""

import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from hemascope.errors import HemascopeError

T = TypeVar("T")

CORPUS = Path(__file__).parent / "corpus"
"""A folder a target, with the files that once found a fault."""

SECONDS = float(os.environ.get("HEMASCOPE_FUZZ", "0")) * int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""How long all targets together are to be fuzzed; 0 for the few fixed examples of the test suite."""

_ROUND = 200  # examples between two looks at the clock
_BOUND = 20  # seconds of computing that no file may take


class Target(NamedTuple):
    """What reads files of one kind.

    Attributes:
        file: the name that the file is given.
        files: makes its bytes.
        read: reads it, and raises for nothing that a file can be to blame for.
        examples: files in the test suite.
    """

    file: str
    files: st.SearchStrategy[bytes]
    read: Callable[[Path], None]
    examples: int = 20


def attempt(function: Callable[..., T], *args: Any, **options: Any) -> T | None:
    """What a function gives; None where it raises what a user is meant to see, which can be written."""
    try:
        return function(*args, **options)
    except HemascopeError as problem:
        str(problem).encode()
        return None


def check(target: Target, data: bytes) -> None:
    """Let a target read a file in a folder of its own.

    Raises:
        AssertionError: it took longer than a file may.
        Exception: whatever the reader raised.
    """
    before = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.file
        path.write_bytes(data)
        target.read(path)
    assert time.process_time() - before < _BOUND


def fuzz(name: str, target: Target, share: float) -> None:
    """Look for a file that a target cannot cope with, for its share of the time.

    One that `make fuzz` finds is left in the corpus, as small as it could be made.
    """
    if not SECONDS:
        _round(name, target, None)
        return
    end = time.monotonic() + SECONDS * share
    while time.monotonic() < end:
        _round(name, target, random.getrandbits(32))


class _File(NamedTuple):
    data: bytes

    def __repr__(self) -> str:
        return f"<{len(self.data)} bytes>"


def _round(name: str, target: Target, number: int | None) -> None:
    last = b""

    def one(file: _File) -> None:
        nonlocal last
        last = data = file.data
        if SECONDS:
            _keep(name, data, "running")  # also where the process does not outlive it
        check(target, data)

    phases = [Phase.generate, Phase.shrink] if SECONDS else [Phase.generate]
    options = settings(
        max_examples=_ROUND if SECONDS else target.examples,
        derandomize=number is None,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    test = options(given(target.files.map(_File))(one))
    try:
        (test if number is None else seed(number)(test))()
    except BaseException:
        if SECONDS:  # the last example is the smallest
            _keep(name, last, hashlib.sha256(last).hexdigest()[:12])
        raise
    finally:
        (CORPUS / name / "running").unlink(missing_ok=True)


def _keep(name: str, data: bytes, called: str) -> None:
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    (CORPUS / name / called).write_bytes(data)
