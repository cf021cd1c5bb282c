"""One request and its response, as they pass through the service's outermost layer."""

import asyncio
import contextlib

from starlette.types import Message, Receive, Scope, Send

from hemascope.serve.headers import NO_STORE, SECURITY

LINGER = 5.0
"""Seconds for which the rest of a refused upload is read and thrown away."""


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
