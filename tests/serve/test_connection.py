"""What one connection may send, and for how long it may say nothing."""

import contextlib
import socket
import time

import pytest

from hemascope.serve import connection as bounds
from tests.predict.pictures import encoded
from tests.serve.requests import begin, form, get, metric, post, received, until

IMAGE = encoded("basophil")
HEAD = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


def answered(port, *parts):
    """What comes back, although not all may have been taken."""
    connection = begin(port, "")
    with contextlib.suppress(ConnectionError):
        for part in parts:
            connection.sendall(part)
    return received(connection)


def test_headers_are_bounded(serve, model):
    port = serve(model)
    piece = bytes(1 << 20).replace(b"\0", b"a")
    start = time.monotonic()
    answer = answered(port, f"{HEAD}X: ".encode(), *[piece] * 40)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"urn:hemascope:problem:headers-too-large" in answer
    assert get(port, "/healthz")[0] == 200
    assert time.monotonic() - start < 10
    many = "".join(f"X-{i}: {'a' * 100}\r\n" for i in range(1000))
    assert answered(port, f"{HEAD}{many}\r\n".encode()).startswith(b"HTTP/1.1 431 ")
    few = "".join(f"X-{i}: {'a' * 100}\r\n" for i in range(500))
    assert answered(port, f"{HEAD}{few}Connection: close\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("length", "status"), [(8000, b"404"), (9000, b"431"), (30 << 20, b"431")])
def test_the_url_is_bounded(serve, model, length, status):
    url = b"a" * length
    answer = answered(serve(model), b"GET /" + url + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_the_next_request_s_headers_are_bounded_too(serve, model):
    port = serve(model)
    body, kind = form(*[IMAGE] * 30)
    first = (
        f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = begin(port, first, body)
    assert connection.recv(1 << 20).startswith(b"HTTP/1.1 200 ")
    with contextlib.suppress(ConnectionError):
        connection.sendall(f"{HEAD}X: {'a' * (1 << 20)}".encode())
    assert b"HTTP/1.1 431 " in received(connection)


def test_slow_and_silent_connections_end(serve, model, monkeypatch):
    monkeypatch.setattr(bounds, "HEAD_SECONDS", 1.0)
    port = serve(model)
    silent, slow, dripping = begin(port, ""), begin(port, HEAD), begin(port, "\r\n")
    start = time.monotonic()
    for _ in range(4):
        time.sleep(0.2)
        dripping.sendall(b"\r\n")
        slow.sendall(b"X: y\r\n")
    assert received(silent) == b""
    answer = received(slow)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:hemascope:problem:request-timeout" in answer
    assert received(dripping).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - start < 8


def test_a_connection_that_is_used_again_has_its_time_anew(serve, model, monkeypatch):
    monkeypatch.setattr(bounds, "HEAD_SECONDS", 1.0)
    port = serve(model)
    connection = begin(port, "")
    for _ in range(3):
        time.sleep(0.7)
        connection.sendall(f"{HEAD}\r\n".encode())
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
    connection.sendall(HEAD.encode())
    assert received(connection).startswith(b"HTTP/1.1 408 ")


def test_who_does_not_read_the_answer_is_left(serve, model, monkeypatch):
    monkeypatch.setattr(bounds, "READ_SECONDS", 1.0)
    port = serve(model)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    with contextlib.suppress(ConnectionError), contextlib.closing(connection):
        connection.settimeout(60)
        for _ in range(3000):  # answers of some 20 kB each
            connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if metric(port, "hemascope_open_requests") == 2:  # one waits to be read, the other asks
                break
        until(lambda: metric(port, "hemascope_open_requests") == 1)


def test_silent_connections_lock_nobody_out(serve, model):
    port = serve(model, connections=20)
    silent = [begin(port, HEAD if i % 2 else "") for i in range(60)]
    for _ in range(3):
        assert post(port, IMAGE)[0] == 200
    assert get(port, "/healthz")[0] == 200
    for connection in silent:
        connection.close()


def test_connections_that_are_answered_keep_their_place(serve, slow_model):
    port = serve(slow_model, connections=3, gather=0)
    body, kind = form(*[IMAGE] * 100)
    head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    asked = [begin(port, f"{head}Content-Length: {len(body)}\r\n\r\n", body) for _ in range(3)]
    until(lambda: received(begin(port, f"{HEAD}\r\n")).startswith(b"HTTP/1.1 503 "))
    assert b"retry-after: 1" in received(begin(port, ""))
    assert all(received(connection).startswith(b"HTTP/1.1 200 ") for connection in asked)


def test_what_is_no_http_is_a_problem(serve, model):
    answer = received(begin(serve(model), "SECRET\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"urn:hemascope:problem:malformed-request" in answer
    assert b"SECRET" not in answer


def test_another_protocol_that_is_offered_is_not_taken(serve, model):
    offer = "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n"
    connection = begin(serve(model), f"{HEAD}{offer}\r\n")
    assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
    connection.close()
