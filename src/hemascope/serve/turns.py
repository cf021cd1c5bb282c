"""Whose turn it is: fair queueing of requests by the work that they make, between clients and for each of them."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Request = TypeVar("Request", bound=Hashable)


class _Client(Generic[Request]):
    """What one client has had, and what each of its waiting requests has."""

    def __init__(self, had: float) -> None:
        self.had = had
        self.now = 0.0
        self.requests: dict[Request, float] = {}


class Turns(Generic[Request]):
    """Requests that wait; next is one of the client that has had the least, and of its requests the one that has.

    Who comes begins with what those have had who are served now: nobody saves up turns by waiting. Who goes and
    comes again keeps what it had (start-time fair queueing, Goyal, Vin and Cheng 1996).

    >>> turns = Turns()
    >>> for name, client in (("large", "a"), ("small", "b")):
    ...     turns.add(name, client)
    >>> turns.charge("large", "a", 100)
    >>> turns.next()[0]
    'small'
    """

    def __init__(self) -> None:
        self._clients: dict[Hashable, _Client[Request]] = {}
        self._waiting: dict[Hashable, _Client[Request]] = {}
        self._now = 0.0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, request: Request, client: Hashable) -> None:
        """Let a request wait."""
        if client not in self._clients:
            self._clients = {key: one for key, one in self._clients.items() if one.requests or one.had > self._now}
            self._clients[client] = _Client(self._now)
        found = self._clients[client]
        if not found.requests:
            found.had, found.now = max(found.had, self._now), 0.0
            self._waiting[client] = found
        found.requests[request] = found.now

    def remove(self, request: Request, client: Hashable) -> bool:
        """Forget a request; gives whether it waited."""
        found = self._waiting.get(client)
        if found is None or request not in found.requests:
            return False
        del found.requests[request]
        if not found.requests:
            del self._waiting[client]
        return True

    def next(self) -> tuple[Request, Hashable]:
        """The request whose turn it is, and its client; some must wait."""
        client = min(self._waiting, key=lambda key: self._waiting[key].had)
        requests = self._waiting[client].requests
        return min(requests, key=lambda request: requests[request]), client

    def charge(self, request: Request, client: Hashable, work: float) -> None:
        """Count work that is done for a waiting request."""
        found = self._waiting[client]
        self._now = found.had
        found.had += work
        found.now = found.requests[request]
        found.requests[request] += work
