"""Real services under load, ended and started by real signals."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from hemascope.serve.lifecycle import remove_left_folders
from tests.predict.model import CLASSES
from tests.predict.pictures import encoded
from tests.serve.requests import begin, form, get, metric, post, received, until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
LABELS = [CLASSES[i % 3] for i in range(8)]
FORM = form(*map(encoded, LABELS))


def labels(answer):
    return [prediction["label"] for prediction in answer["predictions"]]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_what_is_in_flight_is_finished(start, slow_model, how):
    process, port = start("--model", str(slow_model), "--threads", "1")
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(post, port, *FORM) for _ in range(12)]
        # All have come: a busy machine may have answered some before the last. The metric's own request is one.
        until(lambda: sum(answer.done() for answer in answers) + metric(port, "hemascope_open_requests") >= 13)
        process.send_signal(how)
        for answer in answers:
            status, _, found = answer.result()
            assert status == 200
            assert labels(found) == LABELS
    assert process.wait(timeout=60) == (0 if how == signal.SIGTERM else 130)
    assert process.stderr.read() == ""
    with pytest.raises(OSError, match=r"refused|reset"):
        get(port, "/healthz")


def test_killed_under_load_and_started_again(start, model):
    process, port = start("--model", str(model))
    asked, over = [], threading.Event()

    def client():
        done = 0
        while not over.is_set() or done < 20:
            asked.append(1)
            try:
                status, _, found = post(port, *FORM)
            except OSError:  # what http.client raises, among others RemoteDisconnected
                time.sleep(0.02)
                continue
            assert (status, labels(found)) == (200, LABELS)
            done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        until(lambda: len(asked) > 40)
        process.kill()
        process.wait(timeout=60)
        before = len(asked)
        try:
            start("--model", str(model), "--port", str(port))
            until(lambda: metric(port, "hemascope_batch_images_sum") > 100)
        finally:
            over.set()
        assert all(client.result() >= 20 for client in clients)
    assert len(asked) > before


def test_several_workers(start, model):
    process, port = start("--model", str(model), "--workers", "2", "--threads", "1")

    def workers():
        found = []
        for child in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # the one that was killed
                found += [child.pid] if "spawn_main" in " ".join(child.cmdline()) else []
        return found

    assert labels(post(port, *FORM)[2]) == LABELS
    before = workers()
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len(set(workers()) - set(before)) == 1)
    for _ in range(10):
        assert labels(post(port, *FORM)[2]) == LABELS
    assert metric(port, "hemascope_batch_images_sum") >= 80
    process.terminate()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == ""


def test_workers_do_not_outlive_the_first_process(start, model):
    process, port = start("--model", str(model), "--workers", "2", "--threads", "1")
    assert get(port, "/readyz")[0] == 200
    workers = psutil.Process(process.pid).children()
    process.kill()
    psutil.wait_procs(workers, timeout=60)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_nothing_uploaded_is_logged(start, model):
    process, port = start("--model", str(model))
    body, kind = form(b"SECRET", encoded("basophil"))
    for data in (body, body[:-8], body.replace(b"files", b"SECRET")):
        post(port, data, kind)
    post(port, b"SECRET")
    received(begin(port, "SECRET\r\n\r\n"))
    begin(port, "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"SECRET").close()
    get(port, "/SECRET?SECRET=1")
    process.terminate()
    process.wait(timeout=60)
    assert "SECRET" not in process.stderr.read()


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="needs Linux")
def test_nothing_uploaded_is_written(model, tmp_path):
    script = f"""
import os, sys
from starlette.testclient import TestClient
from hemascope.serve.app import create_app
from hemascope.serve.settings import Settings

opened = []
def watch(event, arguments):
    if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TMPFILE):
        opened.append(arguments)
with TestClient(create_app(Settings(model={str(model)!r})), base_url="http://localhost") as client:
    big = bytes(5_000_000)
    sys.addaudithook(watch)
    for _ in range(3):
        assert client.post("/v1/predict", files=[("files", ("a", big))] * 3).status_code == 200
        assert client.post("/v1/predict", content=big).status_code == 422
assert not [path for path, *_ in opened if path != os.devnull], opened
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=tmp_path)


STUCK = """
import sys, threading, time
from hemascope.cli import main
from hemascope.data import decode
from hemascope.serve import lifecycle, network, single
lifecycle.END_SECONDS = 2  # of five
real = decode.decode
def slow(data, **options):
    if data == b"stuck":
        time.sleep(600)
    return real(data, **options)
network.decode = single.decode = slow
sys.argv[1:] = {arguments}
main()
"""


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/heat"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_end_comes_whatever_threads_do(model, how, path):
    arguments = ["serve", "--model", str(model), "--port", "0", "--seconds", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK.format(arguments=arguments)], stderr=subprocess.PIPE, text=True
    )
    port = int(process.stderr.readline().rsplit(":", 1)[1])
    until(lambda: get(port, "/readyz")[0] == 200)
    connection = begin(port, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n", b"stuck")
    until(lambda: metric(port, "hemascope_open_requests") == 2)
    start = time.monotonic()
    process.send_signal(how)
    try:
        assert process.wait(timeout=30) == (0 if how == signal.SIGTERM else 130)
    finally:
        process.kill()
        process.communicate()
        connection.close()
    assert time.monotonic() - start < 9  # a second for the request, two of grace


def test_a_second_ctrl_c_ends_at_once(model):
    arguments = ["serve", "--model", str(model), "--port", "0", "--seconds", "100"]
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK.format(arguments=arguments)], stderr=subprocess.PIPE, text=True
    )
    port = int(process.stderr.readline().rsplit(":", 1)[1])
    until(lambda: get(port, "/readyz")[0] == 200)
    connection = begin(port, "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n", b"stuck")
    until(lambda: metric(port, "hemascope_open_requests") == 2)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=10) == 130
    finally:
        process.kill()
        process.communicate()
        connection.close()


def test_what_a_killed_service_leaves_is_removed(start, model, tmp_path):
    arguments = ("--model", str(model), "--workers", "2", "--threads", "1")
    process, port = start(*arguments, TMPDIR=str(tmp_path))
    assert get(port, "/readyz")[0] == 200
    assert len(list(tmp_path.glob("hemascope-metrics-*"))) == 1
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.wait(timeout=60)
    psutil.wait_procs(workers, timeout=60)
    assert list(tmp_path.glob("hemascope-metrics-*")) == []

    left, other = tmp_path / f"hemascope-metrics-{process.pid}-x", tmp_path / f"hemascope-metrics-{os.getpid()}-x"
    left.mkdir()
    other.mkdir()
    remove_left_folders(tmp_path)
    assert [left.exists(), other.exists()] == [False, True]


def test_sizes_that_are_none_are_named():
    for options in (["--max-body", "nan"], ["--memory", "1e300"], ["--max-files", "9" * 40], ["--seconds", "inf"]):
        command = [sys.executable, "-c", "from hemascope.cli import main; main()", "serve", *options]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 2, ended.stderr
        assert ended.stderr.startswith("error: "), ended.stderr
