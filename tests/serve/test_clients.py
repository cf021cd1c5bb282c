"""Clients that are too many, slow, rude or gone, on a real server in this process."""

import io
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
from PIL import Image

from hemascope.serve import guard
from tests.predict.model import write_model
from tests.predict.pictures import encoded
from tests.serve.requests import begin, form, get, metric, post, received, until

HEAD = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
IMAGE = encoded("basophil")


@pytest.fixture(scope="module")
def slowest_model(tmp_path_factory):
    """Takes more than a hundred milliseconds a run."""
    return write_model(tmp_path_factory.mktemp("slowest") / "model.onnx", pause=100_000)


def test_a_full_queue_answers_at_once(serve, slowest_model):
    port = serve(slowest_model, queue=8, max_files=8, gather=0)
    body = form(*[IMAGE] * 8)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(post, port, *body) for _ in range(8)]  # one runs, one waits
        answers = [answer.result() for answer in as_completed(asked)]
    statuses = [status for status, _, _ in answers]
    assert statuses == sorted(statuses, reverse=True)  # no refusal waits for an answer
    assert set(statuses) == {200, 503}
    for status, headers, problem in answers:
        if status == 503:
            assert headers["Retry-After"] == "1"
            assert problem["type"] == "urn:hemascope:problem:overloaded"
    assert post(port, IMAGE)[0] == 200


def test_who_leaves_is_forgotten(serve, slowest_model):
    port = serve(slowest_model)
    body, kind = form(*[IMAGE] * 200)
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = begin(port, head, body)
    until(lambda: metric(port, "hemascope_queue_images") > 100)
    connection.close()
    until(lambda: 'hemascope_requests_total{path="/v1/predict",status="499"} 1.0' in get(port, "/metrics")[1])
    assert metric(port, "hemascope_queue_images") == 0
    assert metric(port, "hemascope_upload_bytes") == 0
    assert post(port, IMAGE)[0] == 200
    assert metric(port, "hemascope_batch_images_sum") < 100


def test_slow_uploads_hold_nothing_up_and_time_out(serve, model, monkeypatch):
    monkeypatch.setattr(guard, "LINGER", 0.5)  # seconds for which the rest of an upload is read
    port = serve(model, seconds=2)
    slow = [begin(port, f"{HEAD}Content-Length: 1000\r\n\r\n", b"x" * 100) for _ in range(50)]
    for _ in range(20):
        assert post(port, IMAGE)[0] == 200
    for connection in slow:
        answer = received(connection)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer
    assert metric(port, "hemascope_upload_bytes") == 0


def test_an_answer_that_takes_too_long(serve, slowest_model):
    port = serve(slowest_model, seconds=2, gather=0)
    status, headers, _ = post(port, *form(*[IMAGE] * 256))
    assert (status, headers["Retry-After"]) == (503, "1")
    assert metric(port, "hemascope_queue_images") == 0


@pytest.mark.parametrize("length", ["Content-Length: 8000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7A1200\r\n"])
def test_an_upload_that_is_refused_still_gets_its_answer(serve, model, length):
    port = serve(model, max_body=1 << 20)
    connection = begin(port, HEAD + length)
    for _ in range(80):  # the client reads nothing before it has sent everything
        connection.sendall(bytes(100_000))
    if "chunked" in length:
        connection.sendall(b"\r\n0\r\n\r\n")
    answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body-too-large" in answer
    assert metric(port, "hemascope_upload_bytes") == 0


def test_memory_for_uploads_is_shared(serve, model):
    port = serve(model, max_body=1 << 20, memory=1 << 20)
    waiting = begin(port, f"{HEAD}Content-Length: 1000000\r\n\r\n", bytes(900_000))
    until(lambda: metric(port, "hemascope_upload_bytes") == 900_000)
    status, headers, _ = post(port, bytes(500_000))
    assert (status, headers["Retry-After"]) == (503, "1")
    waiting.sendall(bytes(100_000))
    waiting.shutdown(1)
    waiting.close()
    until(lambda: metric(port, "hemascope_upload_bytes") == 0)
    assert post(port, IMAGE)[0] == 200


def run_length_coded(side):
    """A BMP of less than 2 KiB that claims side x side pixels, of which it says little."""
    data = bytes([255, 7]) * 100 + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(data), 0, 0, 256, 0)
    palette = b"".join(bytes([i, i, i, 0]) for i in range(256))
    at = 14 + len(head) + len(palette)
    return struct.pack("<2sIHHI", b"BM", at + len(data), 0, 0, at) + head + palette + data


def test_small_uploads_of_many_pixels_hold_nobody_up(serve, model):
    port = serve(model, threads=1)
    body, kind = form(*[run_length_coded(2200)] * 90)
    over, statuses = threading.Event(), []

    def attack():
        while not over.is_set():
            statuses.append(post(port, body, kind)[0])

    with ThreadPoolExecutor(4) as pool:
        attackers = [pool.submit(attack) for _ in range(4)]
        until(lambda: metric(port, "hemascope_queue_images") > 50)
        waited = []
        for _ in range(5):
            start = time.monotonic()
            assert post(port, IMAGE)[0] in (200, 503)
            waited.append(time.monotonic() - start)
        over.set()
        assert all(attacker.result() is None for attacker in attackers)
    assert max(waited) < 5
    assert set(statuses) <= {200, 503}


def black(side):
    """Some hundred bytes that unpack to a black picture."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


def test_more_pixels_than_may_wait(serve, model):
    port = serve(model)
    status, _, problem = post(port, *form(*[black(2200)] * 200))
    assert (status, problem["type"]) == (413, "urn:hemascope:problem:too-many-pixels")
    status, _, found = post(port, *form(*[run_length_coded(4400)] * 200))  # each refused for itself, unpacked by nobody
    assert status == 200
    assert {answer["error"]["status"] for answer in found["predictions"]} == {422}
