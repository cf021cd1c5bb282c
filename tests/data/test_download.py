import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from hemascope.data.download import fetch
from hemascope.errors import SourceError, WriteError
from tests.progress import Told

BODY = np.random.default_rng(0).bytes(200_000)
MD5 = hashlib.md5(BODY).hexdigest()
Answer = Callable[["Server", BaseHTTPRequestHandler], None]


class Server:
    """A server on this machine that gives one prepared answer a request, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [whole]
        self.ranges: list[str | None] = []
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.ranges.append(self.headers.get("Range"))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                answer(outer, self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/cells.npz"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Server()
    thread = threading.Thread(target=served.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.closing.set()
    served.http.shutdown()
    thread.join()
    served.http.server_close()


def start_of(request: BaseHTTPRequestHandler) -> int:
    asked = request.headers.get("Range")
    return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0


def send(request: BaseHTTPRequestHandler, body: bytes, state: int, length: int | None) -> None:
    request.send_response(state)
    if length is not None:
        request.send_header("Content-Length", str(length))
    request.end_headers()
    request.wfile.write(body)


def whole(server: Server, request: BaseHTTPRequestHandler) -> None:
    """All that was asked for."""
    start = start_of(request)
    if start >= len(BODY):
        return send(request, b"", 416, 0)
    return send(request, BODY[start:], 206 if start else 200, len(BODY) - start)


def breaks_off(server: Server, request: BaseHTTPRequestHandler) -> None:
    """The next 60,000 bytes, then the line is dead."""
    start = start_of(request)
    send(request, BODY[start : start + 60_000], 206 if start else 200, len(BODY) - start)


def ignores_range(server: Server, request: BaseHTTPRequestHandler) -> None:
    send(request, BODY, 200, len(BODY))


def tells_no_length(server: Server, request: BaseHTTPRequestHandler) -> None:
    send(request, BODY, 200, None)


def lies(server: Server, request: BaseHTTPRequestHandler) -> None:
    start = start_of(request)
    send(request, bytes(len(BODY) - start), 206 if start else 200, len(BODY) - start)


def stalls(server: Server, request: BaseHTTPRequestHandler) -> None:
    """Some bytes, then silence."""
    start = start_of(request)
    send(request, BODY[start : start + 50_000], 206 if start else 200, len(BODY) - start)
    server.closing.wait(5)


def state(code: int) -> Answer:
    return lambda server, request: send(request, b"no", code, 2)


def quick(server: Server, folder: Path, timeout: float = 10.0, **options: object) -> Path:
    return fetch(server.url, folder / "cache" / "cells.npz", md5=MD5, timeout=timeout, backoff=0.01, **options)  # type: ignore[arg-type]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cache").iterdir())


def test_it_is_fetched_once(server: Server, tmp_path: Path) -> None:
    steps = Told()
    path = quick(server, tmp_path, progress=steps)
    assert path.read_bytes() == BODY
    assert left(tmp_path) == ["cells.npz"]
    assert (steps.counts[-1], steps.totals) == (len(BODY), {len(BODY)})
    quick(server, tmp_path)
    assert server.ranges == [None]


def test_a_damaged_copy_is_fetched_again(server: Server, tmp_path: Path) -> None:
    quick(server, tmp_path).write_bytes(BODY[:-1])
    assert quick(server, tmp_path).read_bytes() == BODY


def test_a_broken_transfer_is_resumed_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.answers = [breaks_off, breaks_off, breaks_off, whole]
    steps = Told()
    path = quick(server, tmp_path, retries=0, progress=steps)
    assert path.read_bytes() == BODY
    assert server.ranges == [None, "bytes=60000-", "bytes=120000-", "bytes=180000-"]
    assert steps.counts == sorted(steps.counts)
    assert steps.totals == {len(BODY)}


def test_a_later_call_resumes_an_earlier_one(server: Server, tmp_path: Path) -> None:
    server.answers = [breaks_off, state(404)]
    with pytest.raises(SourceError, match="404"):
        quick(server, tmp_path)
    assert left(tmp_path) == ["cells.part"]
    server.answers = [whole]
    assert quick(server, tmp_path).read_bytes() == BODY
    assert server.ranges[-1] == "bytes=60000-"


def test_a_server_that_ignores_range_sends_all_of_it_again(server: Server, tmp_path: Path) -> None:
    server.answers = [breaks_off, ignores_range]
    assert quick(server, tmp_path).read_bytes() == BODY


def test_a_server_that_tells_no_length(server: Server, tmp_path: Path) -> None:
    server.answers = [tells_no_length]
    steps = Told()
    assert quick(server, tmp_path, progress=steps).read_bytes() == BODY
    assert steps.totals == {None}


def test_a_wrong_file_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.answers = [lies]
    wrong = hashlib.md5(bytes(len(BODY))).hexdigest()
    with pytest.raises(SourceError, match=rf"md5 {wrong} instead of {MD5}\. .*by hand.*cells\.npz"):
        quick(server, tmp_path)
    assert left(tmp_path) == []


def test_remains_of_another_file_are_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    part = tmp_path / "cache" / "cells.part"
    for remains in (b"x" * 1000, BODY, b"x" * len(BODY), BODY + b"more"):  # short, whole, wrong, too long
        part.write_bytes(remains)
        path = quick(server, tmp_path)
        assert path.read_bytes() == BODY
        path.unlink()


def test_a_stalled_connection_is_tried_again(server: Server, tmp_path: Path) -> None:
    server.answers = [stalls, stalls, whole]
    began = time.monotonic()
    assert quick(server, tmp_path, timeout=0.4).read_bytes() == BODY
    assert time.monotonic() - began < 4  # the server is silent for 5 s each time
    assert server.ranges == [None, "bytes=50000-", "bytes=100000-"]


@pytest.mark.parametrize("code", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path, code: int) -> None:
    server.answers = [state(code), whole]
    assert quick(server, tmp_path).read_bytes() == BODY


def test_trouble_that_does_not_end_is_an_error_with_a_remedy(server: Server, tmp_path: Path) -> None:
    server.answers = [state(500)]
    with pytest.raises(
        SourceError, match=r"cells\.npz: cannot be fetched \(the server answers 500.*by hand and put it"
    ):
        quick(server, tmp_path, retries=2)
    assert len(server.ranges) == 3


def test_a_refusal_is_final(server: Server, tmp_path: Path) -> None:
    server.answers = [state(404)]
    with pytest.raises(SourceError, match=r"answers 404 .*by hand"):
        quick(server, tmp_path)
    assert len(server.ranges) == 1


def test_no_server_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:9/x: cannot be fetched \(.*refused"):
        fetch("http://127.0.0.1:9/x", tmp_path / "x.npz", md5=MD5, retries=1, backoff=0.01)


def test_a_cache_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(WriteError, match="HEMASCOPE_CACHE"):
        quick(server, tmp_path)
