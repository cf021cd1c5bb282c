"""The stores behind URLs: one connection each for the whole process, and calls that are tried again for a while."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from hemascope.data.remote.trouble import RemoteError, Trouble, diagnosed
from hemascope.data.remote.url import named, parts_of, whole
from hemascope.errors import HemascopeError

T = TypeVar("T")

PATIENCE = "HEMASCOPE_PATIENCE"
"""Environment variable: for how many seconds a call that fails for now is tried again."""

_PATIENCE = 60.0
_FIRST, _LONGEST = 0.25, 8.0  # seconds between two attempts
_CONNECT, _SILENT = 10, 30  # seconds until a connection counts as failed, and as stalled
CONNECTIONS = 32
"""The most at a time to one store."""

_stores: dict[tuple[object, ...], Any] = {}
_making = threading.Lock()


class Store(NamedTuple):
    """A file system of fsspec, and the path in it that a URL names."""

    system: Any
    path: str


def store(url: str) -> Store:
    """The store of a URL; opening one asks nobody yet.

    Credentials and other settings are those of fsspec: the environment, the configuration files of each store's own
    tools, and ``FSSPEC_<PROTOCOL>_<OPTION>``.

    Raises:
        RemoteError: the package for it is not installed, or its settings are wrong.
        SourceError: a scheme that is not known.
    """
    name = named(url)
    scheme = parts_of(name).scheme
    try:
        from fsspec.registry import get_filesystem_class

        kind = get_filesystem_class(scheme)
        asked = whole(name)
        options = kind._get_kwargs_from_urls(asked)
        key = (os.getpid(), scheme, *sorted(options.items()))  # a fork has none of its parent's threads
        with _making:
            if key not in _stores:
                _stores[key] = _made(kind, scheme, options)
        return Store(_stores[key], kind._strip_protocol(asked))
    except HemascopeError:
        raise
    except Exception as problem:
        raise RemoteError(name, diagnosed(problem, name)) from None


def forget() -> None:
    """Let go of all stores, so that the next call sees the environment as it is then."""
    with _making:
        _stores.clear()


def patience() -> float:
    """Seconds for which a call is tried again.

    Raises:
        HemascopeError: the environment variable is no number.
    """
    text = os.environ.get(PATIENCE, "")
    try:
        return float(text) if text else _PATIENCE
    except ValueError:
        raise HemascopeError(
            f"{PATIENCE} is {text!r}, not a number of seconds", f"Set it as {_PATIENCE:.0f}."
        ) from None


def attempt(url: str, call: Callable[[Store], T], *, stop: threading.Event | None = None) -> T:
    """Ask a store; what may pass is tried again, at longer and longer intervals, as long as `patience` says.

    Args:
        url: what is asked for.
        call: the question.
        stop: when set, no further attempt is made.

    Raises:
        RemoteError: names the URL, the reason and the remedy, and nothing secret.
    """
    name = named(url)
    asked = store(name)
    begun, wait = 0.0, _FIRST  # the time of the first failure: to connect for the first time may take seconds
    while True:
        try:
            return call(asked)
        except HemascopeError:
            raise
        except Exception as problem:  # each store's library raises its own kinds
            trouble = diagnosed(problem, name)
        # Not chained: a library's error, and so its traceback, may hold the URL with all that is secret in it.
        begun = begun or time.monotonic()
        spent = time.monotonic() - begun
        if not trouble.passing or spent + wait > patience() or (stop is not None and stop.is_set()):
            raise RemoteError(name, _after(trouble, spent))
        pause = wait * random.uniform(0.5, 1)
        if stop is None:
            time.sleep(pause)
        else:
            stop.wait(pause)
        wait = min(2 * wait, _LONGEST)


def _after(trouble: Trouble, seconds: float) -> Trouble:
    if not trouble.passing or seconds < 1:
        return trouble
    return trouble._replace(reason=f"{trouble.reason}, for {seconds:.0f} s")


def _made(kind: Any, scheme: str, options: dict[str, Any]) -> Any:
    """A file system of this process alone that holds no listings, which would hide what changes."""
    from fsspec.config import conf

    given: dict[str, Any] = dict(options)
    own = conf.get(scheme, {})
    if scheme == "gs":
        logging.getLogger("gcsfs").addHandler(logging.NullHandler())  # else it prints tracebacks of what is tried again
    if scheme == "s3":
        # Its own attempts and botocore's would multiply with ours.
        settings = {
            "retries": {"total_max_attempts": 1},
            "connect_timeout": _CONNECT,
            "read_timeout": _SILENT,
            "max_pool_connections": CONNECTIONS,
        }
        given["config_kwargs"] = settings | own.get("config_kwargs", {})
    elif scheme in ("http", "https"):
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENT)
        given["client_kwargs"] = {"timeout": timeout} | own.get("client_kwargs", {})
    system = kind(skip_instance_cache=True, use_listings_cache=False, **given)
    if scheme == "s3":
        system.retries = 1
    return system
