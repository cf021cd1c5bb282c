"""Servers on loopback: S3 as moto plays it, a proxy before it that does damage, and files by HTTP with ranges."""

import contextlib
import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, *_):
        pass


class Faulty:
    """A proxy before another server; ``faults`` names what to do to the next answers whose path holds a text.

    Attributes:
        faults: by a text in the path, a list of what happens to the answers, in turn: "drop" (half of the body), "cut"
            (the length said is that of half), "long" (the length said is more), "slow" (503), an int (that state),
            "" (nothing).
        asked: how often each path was asked for.
        answered: called with method and path of each request that was served, before the answer is passed on.
    """

    def __init__(self, port):
        self.reset()
        proxy = self

        class Handler(_Quiet):
            def answer(self):
                path = unquote(self.path.partition("?")[0])
                proxy.asked[f"{self.command} {path}"] += 1
                if "Range" in self.headers:
                    proxy.ranges.append((path, self.headers["Range"]))
                fault = next((found.pop(0) for text, found in proxy.faults.items() if text in path and found), "")
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if fault == "slow" or isinstance(fault, int):
                    self.reply(503 if fault == "slow" else fault, [], SLOW_DOWN if fault == "slow" else b"")
                    return
                link = http.client.HTTPConnection("127.0.0.1", port)
                try:
                    link.request(self.command, self.path, sent or None, dict(self.headers))
                    found = link.getresponse()
                    body = found.read()
                finally:
                    link.close()
                proxy.answered(self.command, path)
                about = [
                    pair for pair in found.getheaders() if pair[0].lower() not in ("transfer-encoding", "connection")
                ]
                self.reply(found.status, about, body, fault)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 (names of the library)

            def reply(self, status, headers, body, fault=""):
                said = {"cut": len(body) // 2, "long": len(body) + 1000}.get(fault, len(body))
                self.send_response(status)
                for name, value in headers:
                    if name.lower() != "content-length" or self.command == "HEAD":
                        self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("Content-Length", str(said))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body[: len(body) // 2] if fault in ("drop", "cut") else body)
                self.close_connection = fault != ""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self):
        self.faults, self.asked, self.ranges = {}, Counter(), []
        self.answered = lambda method, path: None

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Web:
    """Files by HTTP: ranges (unless ``ranges`` is false), pages of links for folders, a password where one is set."""

    def __init__(self):
        self.files = {}
        self.ranges = True
        self.password = None
        self.asked = []
        web = self

        class Handler(_Quiet):
            def do_GET(self):
                web.asked.append(self.path)
                path = unquote(self.path.partition("?")[0])
                if web.password and self.headers.get("Authorization") != web.password:
                    return self.reply(401, b"")
                if path.endswith("/"):
                    below = sorted({name[len(path) :].partition("/")[0] + "/" * ("/" in name[len(path) :])
                                    for name in web.files if name.startswith(path)})  # fmt: skip
                    page = "".join(f'<a href="{name}">{name}</a>' for name in ["../", "?C=N;O=D", *below])
                    return self.reply(200, page.encode(), kind="text/html") if below else self.reply(404, b"")
                data = web.files.get(path)
                if data is None:
                    return self.reply(404, b"")
                asked = self.headers.get("Range")
                if not asked or not web.ranges:
                    return self.reply(200, data)
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, end = int(first), min(int(last or len(data)), len(data) - 1)
                if start >= len(data):
                    return self.reply(416, b"")
                more = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
                return self.reply(206, data[start : end + 1], more)

            do_HEAD = do_GET  # noqa: N815

            def reply(self, status, body, more=None, kind="application/octet-stream"):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", kind)
                if web.ranges:
                    self.send_header("Accept-Ranges", "bytes")
                for name, value in (more or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    with contextlib.suppress(ConnectionError):
                        self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def s3_server():
    """The port of a real S3 server; skips where moto or s3fs is not installed."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


class Bucket:
    """A bucket that is filled without a client, behind a proxy that does damage."""

    def __init__(self, name, proxy):
        from moto.s3.models import s3_backends

        self.name, self.proxy = name, proxy
        self.url = f"s3://{name}"
        self._store = s3_backends["123456789012"]["aws"]
        self._store.create_bucket(name, "us-east-1")

    def put(self, key, data):
        self._store.put_object(self.name, key, data)

    @property
    def keys(self):
        return sorted(self._store.buckets[self.name].keys)

    def get(self, key):
        return self._store.get_object(self.name, key).value
