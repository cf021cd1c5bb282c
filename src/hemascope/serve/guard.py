"""The outermost layer of the service: token, security headers, metrics, and every failure as a problem."""

import asyncio
import contextlib
import logging
import time
import traceback

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hemascope.errors import ModelFileError
from hemascope.serve.access import Access
from hemascope.serve.connection import LINGER
from hemascope.serve.metrics import Metrics
from hemascope.serve.problems import INTERNAL, ProblemError

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
"""What every response carries."""

NO_STORE = (b"cache-control", b"no-store")
"""For answers about images, which no cache may keep."""


class Exchange:
    """Wraps ``receive`` and ``send``: adds headers, and ends uploads that were answered before their end.

    To close a connection on which bytes still arrive would destroy the answer on its way, so the answer is sent,
    the rest of the upload is read into nothing for a while, and only then the connection is closed.

    Attributes:
        status: of the response; 0 before it starts.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._private = scope["method"] != "GET" or scope["path"].startswith("/v1")
        self._unread = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in scope["headers"]
        )
        self.status = 0

    async def receive(self) -> Message:
        """The next message of the request."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        """The next message of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *SECURITY]
            if self._private:
                headers.append(NO_STORE)
            if self._unread:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        elif self._unread and not message.get("more_body"):
            await self._send({**message, "more_body": True})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    while self._unread:
                        await self.receive()
            message = {"type": "http.response.body"}
        await self._send(message)


PATHS = frozenset(
    (
        "/v1/predict",
        "/v1/count",
        "/v1/model",
        "/v1/classes",
        "/v1/differential",
        "/v1/heat",
        "/v1/picture",
        "/v1/fit",
        "/v1/fitted",
        "/v1/teach",
        "/v1/taught",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    )
)
"""Paths that metrics tell apart."""

_GONE = 499  # a client that left before its answer: nginx's number, in metrics only

logger = logging.getLogger("hemascope.serve")


class Guard:
    """ASGI middleware around the whole service.

    Args:
        app: what it guards.
        access: who may use it.
        metrics: where requests are counted.
    """

    def __init__(self, app: ASGIApp, access: Access, metrics: Metrics) -> None:
        self._app = app
        self._access = access
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in PATHS else "other"
        start = time.perf_counter()
        exchange = Exchange(scope, receive, send)
        self._metrics.open.inc()
        try:
            await self._handle(scope, exchange)
        except ClientDisconnect:
            exchange.status = _GONE
        finally:
            self._metrics.open.dec()
            self._metrics.requests.labels(path, exchange.status or _GONE).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - start)

    async def _handle(self, scope: Scope, exchange: Exchange) -> None:
        try:
            self._access.check(scope)
            await self._app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            raise
        except Exception as error:
            problem = error if isinstance(error, ProblemError) else _internal(error)
            if exchange.status:  # the answer has begun: all that is left is to break it off
                raise
            await problem.response()(scope, exchange.receive, exchange.send)


def _internal(error: Exception) -> ProblemError:
    """What failed. A defect is logged by its place alone: the message of an exception may quote what was uploaded."""
    if isinstance(error, ModelFileError):  # tells of the network
        logger.error("%s", error.problem)
        return ProblemError(INTERNAL, error.problem.partition(": ")[2] or error.problem)
    at = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s in %s, line %s", type(error).__name__, at.filename, at.lineno)
    return ProblemError(INTERNAL, "This is a defect; the service's log says where.")
