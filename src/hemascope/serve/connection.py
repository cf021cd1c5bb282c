"""One connection: bounds on what its clients may send and how long they may take, kept before there is a request."""

import asyncio
import json
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from hemascope.serve.problems import (
    HEADERS_TOO_LARGE,
    MALFORMED,
    MEDIA_TYPE,
    OVERLOADED,
    REQUEST_TIMEOUT,
    Kind,
)

HEAD = 64 << 10
"""Bytes of a request's line and headers together."""

URL = 8 << 10
"""Bytes of a request's URL."""

HEAD_SECONDS = 10.0
"""From the connection, or a further request's first byte, to the end of the headers."""

IDLE_SECONDS = 30
"""For which a connection is kept between two requests."""

READ_SECONDS = 30.0
"""For which an answer may wait to be read by its client."""

LINGER = 5.0
"""For which the rest of what was refused is read and thrown away: to close at once would destroy the answer."""

_REFUSED = 32  # connections beyond the limit that are told why


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with bounds.

    Where as many connections are open as may be (``limit_concurrency``), a new one takes the place of the one that
    has kept silent the longest; where all are being answered, it is refused.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most, self.limit_concurrency = self.limit_concurrency, None  # uvicorn's refusal is no problem object
        self._head = 0  # bytes of the headers so far
        self._in_head = True
        self._told = False  # whether anything came of the request whose headers are awaited
        self._refused = False
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the time for the headers begins too."""
        open_ = len(self.connections)
        silent = self._longest_silent() if self._most is not None and open_ >= self._most else self
        super().connection_made(transport)
        self._since = self.loop.time()
        if silent is None and self._most is not None and open_ >= self._most + _REFUSED:
            transport.abort()
        elif silent is None:
            self._refuse(OVERLOADED, "Too many connections are open.", b"retry-after: 1\r\n")
        else:
            if silent is not self:
                silent.transport.abort()
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, of the headers no more than may be."""
        self._unset_keepalive_if_required()
        while data and not self._refused and not self.transport.is_closing():
            if not self._in_head:
                self._feed(data)
                data = b""
            else:
                self._told = True
                piece, data = data[: HEAD - self._head], data[HEAD - self._head :]
                self._head += len(piece)
                self._feed(piece)
                if self._in_head and self._head >= HEAD:
                    self._refuse(HEADERS_TOO_LARGE, f"A request's headers may be {HEAD:,} bytes.")
        if self._in_head and self._timer is None and not (self._refused or self.transport.is_closing()):
            self._start_timer()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if not self._in_head:
            self._in_head, self._head, self._told = True, 0, True
            self._start_timer()

    def on_url(self, url: bytes) -> None:
        """A part of the URL."""
        super().on_url(url)
        if len(self.url) > URL:
            self._refuse(HEADERS_TOO_LARGE, f"A request's URL may be {URL:,} bytes.")

    def on_headers_complete(self) -> None:
        """The request can be answered."""
        if self._refused:
            return
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The next request, if it is not here already."""
        super().on_response_complete()
        self._since = self.loop.time()
        if _silent(self) and not self._in_head:
            self._in_head, self._head, self._told = True, 0, False

    def pause_writing(self) -> None:
        """The client reads slower than the answer is written."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken; the request is answered by this one
        except httptools.HttpParserError:
            self._refuse(MALFORMED, "This is no HTTP request.")

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        if self._told:
            self._refuse(REQUEST_TIMEOUT, f"Its headers were not complete after {HEAD_SECONDS:g} seconds.")
        else:
            self.transport.close()

    def _refuse(self, kind: Kind, detail: str, header: bytes = b"") -> None:
        """Answer by a problem and close; an answer that is on its way on this connection is broken off."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_timer()
        if not _silent(self):
            self.transport.close()
            return
        content = json.dumps(kind.details(detail)).encode()
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n".encode()
        self.transport.write(STATUS_LINE[kind.status] + header + head + content)
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER, self.transport.close)

    def _longest_silent(self) -> "Connection | None":
        silent = [one for one in self.connections if isinstance(one, Connection) and _silent(one)]
        return min(silent, key=lambda one: one._since, default=None)


def _silent(connection: HttpToolsProtocol) -> bool:
    """Whether nothing of a request is being answered on it."""
    return connection.cycle is None or connection.cycle.response_complete
