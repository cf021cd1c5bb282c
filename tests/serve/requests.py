"""Requests to a real service over real sockets."""

import http.client
import json
import socket
import time
from contextlib import closing


def form(*images, boundary="b"):
    """The body of a form of these images, and its type."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="'
    parts = (f'{head}{i}"\r\n\r\n'.encode() + image + b"\r\n" for i, image in enumerate(images))
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def post(port, body, content_type="application/octet-stream", **headers):
    """Status, headers and the parsed answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("POST", "/v1/predict", body, {"Content-Type": content_type, **headers})
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())


def get(port, path):
    """Status and text."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def metric(port, name):
    """The value of a metric without labels."""
    lines = get(port, "/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def until(condition, seconds=120):
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begin(port, head, body=b""):
    """A connection on which this much of a request is sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    connection.sendall(head.encode() + body)
    return connection


def received(connection):
    """All that comes until the other side closes."""
    with closing(connection):
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))
