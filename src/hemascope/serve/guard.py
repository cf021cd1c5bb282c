"""The outermost layer of the service: token, security headers, metrics, and every failure as a problem."""

import hmac
import logging
import time
import traceback

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from hemascope.serve.exchange import Exchange
from hemascope.serve.metrics import Metrics
from hemascope.serve.problems import INTERNAL, UNAUTHORIZED, ProblemError

PATHS = frozenset(
    (
        "/v1/predict",
        "/v1/model",
        "/v1/classes",
        "/v1/heat",
        "/v1/picture",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    )
)
"""Paths that metrics tell apart."""

_PROTECTED = ("/v1", "/metrics")
_GONE = 499  # a client that left before its answer: nginx's number, in metrics only

logger = logging.getLogger("hemascope.serve")


class Guard:
    """ASGI middleware around the whole service.

    Args:
        app: what it guards.
        token: asked for on all paths but those of health, the OpenAPI document and the page; none where empty.
        metrics: where requests are counted.
    """

    def __init__(self, app: ASGIApp, token: str, metrics: Metrics) -> None:
        self._app = app
        self._token = f"Bearer {token}".encode() if token else b""
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
            self._check_token(scope)
            await self._app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            raise
        except Exception as error:
            problem = error if isinstance(error, ProblemError) else _internal(error)
            if exchange.status:  # the answer has begun: all that is left is to break it off
                raise
            await problem.response()(scope, exchange.receive, exchange.send)

    def _check_token(self, scope: Scope) -> None:
        if not self._token or not scope["path"].startswith(_PROTECTED):
            return
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if not hmac.compare_digest(given, self._token):
            raise ProblemError(
                UNAUTHORIZED, "Send the service's token as Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
            )


def _internal(error: Exception) -> ProblemError:
    """A defect, logged by its place alone: the message of an exception may quote what was uploaded."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s in %s, line %s", type(error).__name__, at.filename, at.lineno)
    return ProblemError(INTERNAL, "This is a defect; the service's log says where.")
