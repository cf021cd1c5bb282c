"""Work on uploaded images beside the classifying: bounded in number, time and memory."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from fastapi import Request

from hemascope.data.decode import decode
from hemascope.errors import DecodeError
from hemascope.serve.body import Sent, Upload, read_images
from hemascope.serve.problems import REQUEST_TIMEOUT, UNREADABLE_IMAGE, ProblemError, overloaded
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings

Result = TypeVar("Result")

_TIME = 0.5  # share of a request's seconds in which images are looked at, where that is all that can be bounded


class SingleQueue:
    """Requests that are worked on one at a time, so that classifying goes on beside it.

    Args:
        service: whose memory for uploads is used.
        settings: its limits.
        most: requests at a time; more are refused.
    """

    def __init__(self, service: Service, settings: Settings, most: int) -> None:
        self._service = service
        self._settings = settings
        self._most = most
        self._here = 0
        self._turn = asyncio.Semaphore(1)

    async def work(
        self, request: Request, work: Callable[[Sent], Result], files: int = 1, about: bool = False
    ) -> Result:
        """Read a request and call ``work`` in a thread with what it holds.

        Args:
            request: its body not read yet.
            work: what is done.
            files: images that the request may hold.
            about: whether it may say something about them.

        Raises:
            ProblemError: the queue is full, the body holds no image, or a limit is broken.
        """
        with self._waiting(), self._service.memory.place(self._settings.max_body) as place:
            try:
                async with asyncio.timeout(self._settings.seconds) as limit:
                    sent = await read_images(request, place, files, about)
            except TimeoutError:
                raise ProblemError(
                    REQUEST_TIMEOUT, f"It was not complete after {self._settings.seconds:g} seconds."
                ) from None
            return await self._answer(lambda: work(sent), limit.when())

    async def turn(self, call: Callable[[], Result]) -> Result:
        """Call in a thread what a request without images asks for.

        Raises:
            ProblemError: the queue is full, or it takes too long.
        """
        with self._waiting():
            return await self._answer(call, asyncio.get_running_loop().time() + self._settings.seconds)

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        if self._here == self._most:
            raise overloaded(f"{self._here} requests of this kind are waiting already.")
        self._here += 1
        try:
            yield
        finally:
            self._here -= 1

    async def _answer(self, call: Callable[[], Result], until: float | None) -> Result:
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
                return await self._in_thread(call)
        except TimeoutError:
            raise overloaded(f"There was no answer after {self._settings.seconds:g} seconds.") from None

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        """Call in a thread; the turn ends with the thread, which goes on where the request is given up."""
        called = asyncio.get_running_loop().run_in_executor(None, call)
        called.add_done_callback(self._next)
        return await asyncio.shield(called)

    def _next(self, called: "asyncio.Future[Any]") -> None:
        self._turn.release()
        if not called.cancelled():
            called.exception()  # taken here, where nobody waits for it any more

    def pixels(self, upload: Upload, most: int | None = None) -> np.ndarray:
        """The picture, uint8 (h, w, 3).

        Args:
            upload: as it came.
            most: pixels that it may have, where they are not `Settings.max_pixels`.

        Raises:
            ProblemError: it cannot be read.
        """
        try:
            return decode(upload.data, name="image", max_pixels=most or self._settings.max_pixels)
        except DecodeError as problem:
            raise ProblemError(UNREADABLE_IMAGE, str(problem).removeprefix("image: ")[:300]) from problem

    def until(self) -> float:
        """When `pictures` are looked at no more, if it is begun now; by `time.monotonic`."""
        return time.monotonic() + _TIME * self._settings.seconds

    def pictures(self, uploads: Sequence[Upload], until: float) -> Iterator[tuple[int, np.ndarray]]:
        """Those that can be read, one at a time, with their places; none once it is later than `until` said."""
        for place, upload in enumerate(uploads):
            if time.monotonic() > until:
                return
            try:
                image = self.pixels(upload)
            except ProblemError:
                continue
            yield place, image
