"""Running the service: its socket, its processes, and its orderly end."""

import asyncio
import functools
import math
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from hemascope.errors import ServiceError
from hemascope.files import writing
from hemascope.predict.classifier import load
from hemascope.predict.device import check_there
from hemascope.predict.devices import CPU
from hemascope.serve.app import create_app
from hemascope.serve.connection import IDLE_SECONDS, Connection
from hemascope.serve.ending import Ending
from hemascope.serve.metrics import SHARED
from hemascope.serve.settings import Settings

END_SECONDS = 5
"""Beyond a request's own seconds: what the end of the service may take."""

_OWN_FILES = 128  # descriptors that a worker needs beside its connections
_FOLDER = "hemascope-metrics-"


def serve(settings: Settings, said: Callable[[str], None] = lambda line: None) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is in flight and return.

    Args:
        settings: of the service.
        said: told one line when the address is taken: which model, and where.

    Raises:
        ServiceError: the address cannot be taken.
        ModelFileError: the model cannot be loaded.
        DeviceError: the device is not there.
        KeyboardInterrupt: it was Ctrl-C.
    """
    # An error here is clearer than one out of a worker; an accelerator is left to the worker, as it outlives no fork.
    check_there(settings.device)
    name = load(settings.model, threads=1, device=CPU).card.name
    listening = _listen(settings)
    host, port = listening.getsockname()[:2]
    said(f"serving {name} at http://{f'[{host}]' if ':' in host else host}:{port}")
    # uvicorn raises the signal again once all is finished; without a handler that would end this process by it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
    config = configuration(settings)
    if settings.workers > 1:
        _serve_many(config, listening)
        return
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        ending = getattr(getattr(config.app, "state", None), "ending", None)  # none where the application did not start
        if ending is not None:
            ending.call_off()


def configuration(settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the application, in one process or several."""
    many = settings.workers > 1
    return uvicorn.Config(
        functools.partial(_worker, settings, os.getpid()) if many else _ended(create_app(settings), settings),
        factory=many,
        http=Connection,
        limit_concurrency=connections(settings.connections),
        workers=settings.workers,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=IDLE_SECONDS,
        timeout_worker_healthcheck=60,  # a busy machine may take long to import; one that died is noticed at once
        timeout_graceful_shutdown=math.ceil(settings.seconds) + END_SECONDS - 1,  # then there is a second for the rest
    )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as problem:
        raise ServiceError(
            f"cannot listen on {settings.host}, port {settings.port}: {problem.strerror or problem}",
            "Choose another --port, or end the program that has it.",
        ) from problem


def connections(most: int) -> int:
    """Connections that may be open: so many, or as many as this process has descriptors for.

    >>> connections(10)
    10
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return most
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if files == resource.RLIM_INFINITY else max(1, min(most, files - _OWN_FILES))


def _serve_many(config: uvicorn.Config, listening: socket.socket) -> None:
    remove_left_folders(Path(tempfile.gettempdir()))
    with writing(Path(tempfile.gettempdir()), then="TMPDIR names it."):
        folder = tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-")  # numbers only
    os.environ[SHARED] = folder
    try:
        Multiprocess(config, sockets=[listening]).run()
    finally:
        del os.environ[SHARED]
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_folders(at: Path) -> None:
    """Remove the metrics of services that were killed; those of services that live stay."""
    for folder in at.glob(f"{_FOLDER}*"):
        process = re.match(rf"{_FOLDER}(\d+)-", folder.name)
        if process and folder.is_dir() and not folder.is_symlink() and not _lives(int(process[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _ended(app: FastAPI, settings: Settings) -> FastAPI:
    """The application, whose process ends in time once it is told to; unless it runs in another thread, as in tests."""
    run = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if threading.current_thread() is threading.main_thread():
            app.state.ending = Ending(math.ceil(settings.seconds) + END_SECONDS)
        async with run(app):
            yield

    app.router.lifespan_context = lifespan
    return app


def _worker(settings: Settings, parent: int) -> FastAPI:
    """The application of one of several processes, which ends when the one that started it is gone."""
    app = _ended(create_app(settings), settings)
    run = app.router.lifespan_context

    async def watch() -> None:
        while os.getppid() == parent:
            await asyncio.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with run(app):
            watching = asyncio.ensure_future(watch())
            yield
            watching.cancel()
        if os.getppid() != parent:  # killed, it could not do so itself
            shutil.rmtree(os.environ[SHARED], ignore_errors=True)

    app.router.lifespan_context = lifespan
    return app
