"""Speed and memory of ``hemascope serve`` on loopback, beside a plain FastAPI handler and ``hemascope predict``.

    python benchmarks/serve.py FOLDER --model model.onnx

FOLDER holds images, at any depth. Prints a Markdown table. Every client has one connection, sends one image a request
as raw bytes and the next one as soon as it has its answer. The plain handler decodes and runs the same network,
a run an image, in the framework's thread pool, on the same server with the same options. Clients and server share the
machine, so the clients are as cheap as can be: one process, prepared requests, sockets without an HTTP library.
Needs hemascope[serve] and psutil.
"""

import argparse
import asyncio
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil
import uvloop

from hemascope.cores import usable_cores
from hemascope.predict.shipped import DEFAULT

COMMAND = [sys.executable, "-c", "from hemascope.cli import main; main()"]
PLAIN = """
import sys, socket, uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from hemascope import load

classifier = load(sys.argv[1], threads=1)
app = FastAPI()

@app.post("/v1/predict")
async def predict(request: Request):
    found = await run_in_threadpool(classifier, await request.body())
    return {"label": found.label, "confidence": found.confidence, "probabilities": found.probabilities}

listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(f"http://127.0.0.1:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=DEFAULT, help="model file or name of a shipped model")
    parser.add_argument("--images", type=int, default=1500, help="images a measurement")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=3, help="all are measured in turn; the best round counts")
    parser.add_argument("--many", type=int, default=0, help="requests of the run whose memory is measured, as 50000")
    options = parser.parse_args()

    from hemascope.predict.items import items

    paths = [item.path for item in items([str(options.folder)])][: options.images]
    bodies = [Path(path).read_bytes() for path in paths]
    print(f"{len(paths):,} images, model {options.model}; {machine()}\n")

    predict = cost = 0.0
    rows: dict[tuple[str, int], tuple[float, float, float, float]] = {}
    for _ in range(options.rounds):
        predict, cost = max((predict, cost), predict_rate(paths, options.model))
        for name, command in servers(options.model).items():
            with running(command) as (port, process):
                for clients in options.clients:
                    n = max(len(paths) // (4 if clients == 1 else 1), 50)
                    before = cpu_seconds(process)
                    rate, *latency = load_of(port, bodies, clients, n)
                    found = (rate, *latency, 1000 * (cpu_seconds(process) - before) / (n + min(n, 2 * clients)))
                    rows[name, clients] = max(rows.get((name, clients), (0, 0, 0, 0)), found)  # type: ignore[assignment]
    print(
        "| what | clients | images/s | p50 ms | p99 ms | CPU ms an image | of predict |\n|---|---|---|---|---|---|---|"
    )
    print(f"| hemascope predict, start left out | | {predict:,.0f} | | | {cost:.2f} | |")
    for (name, clients), (rate, median, late, cpu) in rows.items():
        print(f"| {name} | {clients} | {rate:,.0f} | {median:.1f} | {late:.1f} | {cpu:.2f} | {rate / predict:.0%} |")

    if options.many:
        print("\n| requests | resident memory, MiB |\n|---|---|")
        with running(servers(options.model)["hemascope serve"]) as (port, process):
            for step in range(11):
                done = options.many * step // 10
                if step:
                    load_of(port, bodies, 64, done - options.many * (step - 1) // 10)
                print(f"| {done:,} | {process.memory_info().rss / 2**20:,.0f} |", flush=True)


def servers(model: str) -> dict[str, list[str]]:
    """The commands of the two services."""
    return {
        "hemascope serve": [*COMMAND, "serve", "--port", "0", "--model", model],
        "plain FastAPI handler": [sys.executable, "-c", PLAIN, model],
    }


@contextmanager
def running(command: list[str]) -> Iterator[tuple[int, psutil.Process]]:
    """A service in a process of its own: its port and the process."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        found = re.search(r":(\d+)$", process.stderr.readline().strip())
        assert found, "the service did not start"
        yield int(found[1]), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate()


def cpu_seconds(process: psutil.Process) -> float:
    """What the service has computed so far."""
    used = process.cpu_times()
    return float(used.user + used.system)


def predict_rate(paths: list[str], model: str) -> tuple[float, float]:
    """Images a second and CPU ms an image of `hemascope predict`, without what one image alone takes, mostly start."""
    with tempfile.TemporaryDirectory() as folder:
        for i, path in enumerate(paths):
            Path(folder, f"{i:06d}{Path(path).suffix}").symlink_to(Path(path).resolve())

        def seconds(*what: str) -> tuple[float, float]:
            start, before = time.perf_counter(), os.times()
            subprocess.run([*COMMAND, "predict", *what, "--model", model], check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            cpu = after.children_user + after.children_system - before.children_user - before.children_system
            return time.perf_counter() - start, cpu

        start = min(seconds(paths[0]) for _ in range(2))
        whole = seconds(folder)
        n = len(paths) - 1
        return n / (whole[0] - start[0]), 1000 * (whole[1] - start[1]) / n


class Client(asyncio.Protocol):
    """One connection that sends the requests it is given, one after another."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], done: asyncio.Future[None]) -> None:
        self.requests, self.latencies, self.done = requests, latencies, done
        self.received = bytearray()
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send the next request, or end."""
        request = next(self.requests, None)
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take the answer; when it is whole, go on."""
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head < 0:
            return
        length = re.search(rb"content-length: (\d+)", self.received[:head])
        if length and len(self.received) >= head + 4 + int(length[1]):
            if not self.received.startswith(b"HTTP/1.1 200"):
                self.done.set_exception(RuntimeError(bytes(self.received[:400]).decode()))
                return
            self.latencies.append(time.perf_counter() - self.sent)
            self.received.clear()
            self.send()

    def connection_lost(self, problem: Exception | None) -> None:
        """An answer that never came is an error of the measurement."""
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"connection lost: {problem}"))


def load_of(port: int, bodies: list[bytes], clients: int, n: int) -> tuple[float, float, float]:
    """Images a second, and median and 99th percentile of the latency in ms, of n requests."""
    head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: "
    prepared = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]

    async def run(n: int) -> tuple[float, list[float]]:
        loop = asyncio.get_running_loop()
        requests = (prepared[i % len(prepared)] for i in range(n))
        latencies: list[float] = []
        ends = [loop.create_future() for _ in range(clients)]
        start = time.perf_counter()
        for end in ends:
            await loop.create_connection(lambda end=end: Client(requests, latencies, end), "127.0.0.1", port)
        await asyncio.gather(*ends)
        return time.perf_counter() - start, latencies

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(min(n, 2 * clients)))
        took, latencies = runner.run(run(n))
    assert len(latencies) == n
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    return n / took, 1000 * cuts[49], 1000 * cuts[98]


def machine() -> str:
    """CPU and versions."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else [platform.machine()]
    packages = ("hemascope", "onnxruntime", "fastapi", "uvicorn")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = usable_cores()
    return f"{names[0]}, {cores} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    main()
