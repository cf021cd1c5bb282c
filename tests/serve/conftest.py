"""Services over the tiny model: one inside the test's process, and real ones in processes of their own."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading

import psutil
import pytest
import uvicorn
from starlette.testclient import TestClient

from hemascope.serve.app import create_app
from hemascope.serve.lifecycle import configuration
from hemascope.serve.settings import Settings
from tests.predict.model import write_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("served") / "model.onnx", attributes=True)


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory):
    """Takes some tens of milliseconds a run."""
    return write_model(tmp_path_factory.mktemp("served") / "slow.onnx", pause=20_000)


def _client(**settings):
    return TestClient(create_app(Settings(**settings)), base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def client_of(model):
    """Makes clients of services with other settings."""
    with contextlib.ExitStack() as stack:

        def make(**settings):
            settings = {"model": str(model), "threads": 2, **settings}
            return stack.enter_context(_client(**settings))

        yield make


@pytest.fixture(scope="module")
def client(model):
    with _client(model=str(model), threads=2) as client:
        yield client


@pytest.fixture
def serve():
    """Runs a service on a real socket, in a thread of this process: gives its port."""
    running = []

    def begin(model, **settings):
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(configuration(Settings(model=str(model), **{"threads": 1, "seconds": 200, **settings})))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        running.append((server, thread))
        return listening.getsockname()[1]

    yield begin
    for server, thread in running:
        server.should_exit = True
        thread.join(60)


@pytest.fixture
def start():
    """Starts `hemascope serve` in a process: gives the process and its port; ends those still running."""
    processes = []

    def begin(*arguments, **environment):
        command = [
            sys.executable,
            "-c",
            "from hemascope.cli import main; main()",
            "serve",
            "--seconds",
            "200",
            "--port",
            "0",
            *arguments,
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
        processes.append(process)
        line = process.stderr.readline()
        found = re.search(r":(\d+)$", line.strip())
        assert found, line + process.stderr.read()
        return process, int(found[1])

    yield begin
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # workers hold the pipe open too
            for worker in psutil.Process(process.pid).children():
                worker.kill()
        process.kill()
        process.communicate(timeout=60)
