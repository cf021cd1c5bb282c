"""Running the service: its socket, its processes, and its orderly end."""

import asyncio
import functools
import math
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from hemascope.errors import ServiceError
from hemascope.predict.classifier import load
from hemascope.serve.app import create_app
from hemascope.serve.metrics import SHARED
from hemascope.serve.settings import Settings

_GRACE = 5  # seconds, beyond a request's own, that the end may take


def serve(settings: Settings, said: Callable[[str], None] = lambda line: None) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is in flight and return.

    Args:
        settings: of the service.
        said: told one line when the address is taken: which model, and where.

    Raises:
        ServiceError: the address cannot be taken.
        ModelFileError: the model cannot be loaded.
        KeyboardInterrupt: it was Ctrl-C.
    """
    name = load(settings.model, threads=1).card.name  # an error here is clearer than one out of a worker
    listening = _listen(settings)
    host, port = listening.getsockname()[:2]
    said(f"serving {name} at http://{f'[{host}]' if ':' in host else host}:{port}")
    # uvicorn raises the signal again once all is finished; without a handler that would end this process by it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
    config = configuration(settings)
    if settings.workers > 1:
        _serve_many(config, listening)
    else:
        uvicorn.Server(config).run(sockets=[listening])


def configuration(settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the application, in one process or several."""
    many = settings.workers > 1
    return uvicorn.Config(
        functools.partial(_worker, settings, os.getpid()) if many else create_app(settings),
        factory=many,
        workers=settings.workers,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=30,
        timeout_worker_healthcheck=60,  # a busy machine may take long to import; one that died is noticed at once
        timeout_graceful_shutdown=math.ceil(settings.seconds) + _GRACE,
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


def _serve_many(config: uvicorn.Config, listening: socket.socket) -> None:
    folder = tempfile.mkdtemp(prefix="hemascope-metrics-")  # numbers only
    os.environ[SHARED] = folder
    try:
        Multiprocess(config, sockets=[listening]).run()
    finally:
        del os.environ[SHARED]
        shutil.rmtree(folder, ignore_errors=True)


def _worker(settings: Settings, parent: int) -> FastAPI:
    """The application of one of several processes, which ends when the one that started it is gone."""
    app = create_app(settings)
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

    app.router.lifespan_context = lifespan
    return app
