"""A Ray cluster to run on: begun here, or one that stands already."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from types import ModuleType

from hemascope.cores import usable_cores
from hemascope.errors import EngineError

HERE = "ray"
"""In place of an address: a cluster on this machine for this job alone, or the one that the environment's
``RAY_ADDRESS`` names."""

WAIT = 20
"""Seconds to wait for the head of a cluster."""


def check(on: str) -> None:
    """Refuse what is no place to run.

    Raises:
        EngineError: neither "ray" nor an address with a port, or Ray is not installed.

    >>> check("http://head")
    Traceback (most recent call last):
    hemascope.errors.EngineError: http://head: no place to run. Say ray, or a cluster's address: ray://HOST:10001.
    """
    host, _, port = on.removeprefix("ray://").rpartition(":")
    if on != HERE and not (host and "/" not in host and port.isdigit()):
        raise EngineError(f"{on}: no place to run", "Say ray, or a cluster's address: ray://HOST:10001.")
    _ray()


@contextlib.contextmanager
def cluster(on: str) -> Iterator[ModuleType]:
    """Ray, connected; disconnected in the end, and ended if it was begun here.

    Inside another `cluster` of this process, and in workers, the connection that stands is taken.

    Args:
        on: "ray", or a cluster's address: ``ray://HOST:10001`` for its client, ``HOST:6379`` from one of its machines.

    Raises:
        EngineError: no such place, Ray is not installed, or nobody answers there.
    """
    check(on)
    ray = _ray()
    if ray.is_initialized():
        yield ray
        return
    try:
        if on != HERE:
            host, _, port = on.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), WAIT).close()  # Ray itself waits for half a minute and warns
        quiet = {"namespace": "hemascope", "log_to_driver": False, "logging_level": logging.ERROR}
        if on.startswith("ray://"):
            ray.init(on, **quiet)
        elif on == HERE and not os.environ.get("RAY_ADDRESS"):
            ray.init("local", num_cpus=usable_cores(), include_dashboard=False, **quiet)
        else:
            ray.init("auto" if on == HERE else on, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EngineError(
            f"{on}: no cluster there: {reason}", "Start one by: ray start --head; `ray status` says whether it stands."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _ray() -> ModuleType:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise EngineError("Ray is not installed", "Install it by: pip install 'hemascope[ray]'.") from error
    return ray
