"""Memory for uploads: every byte held is counted, and a limit for all requests together is kept."""

from types import TracebackType

from hemascope.serve.problems import BODY_TOO_LARGE, ProblemError, overloaded


class Room:
    """Bytes that uploads may hold, all requests together. For one event loop.

    Attributes:
        limit: bytes.
        held: bytes held now.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    def place(self, most: int) -> "Place":
        """A request's place, of at most so many bytes."""
        return Place(self, most)


class Place:
    """What one request holds; a context that gives all back at its end."""

    def __init__(self, room: Room, most: int) -> None:
        self._room = room
        self._most = most
        self._held = 0

    def check(self, size: int) -> None:
        """Refuse a body of this announced size, in bytes, where it cannot be held.

        Raises:
            ProblemError: larger than a request may be (413), or than what is free now (503).
        """
        if size > self._most:
            raise ProblemError(BODY_TOO_LARGE, f"A request's body may be {self._most:,} bytes; send fewer images.")
        if self._room.held - self._held + size > self._room.limit:
            raise overloaded("Too many uploads are being handled.")

    def take(self, size: int) -> None:
        """Hold so many bytes more; raises as `check` does."""
        self.check(self._held + size)
        self._held += size
        self._room.held += size

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._room.held -= self._held
        self._held = 0
