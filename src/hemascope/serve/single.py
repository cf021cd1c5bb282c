"""Work on one uploaded image beside the classifying: bounded in number, time and memory."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from fastapi import Request

from hemascope.data.decode import decode
from hemascope.errors import DecodeError
from hemascope.serve.body import read_images
from hemascope.serve.problems import REQUEST_TIMEOUT, UNREADABLE_IMAGE, ProblemError, overloaded
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings

Result = TypeVar("Result")


class SingleQueue:
    """Requests with one image each, worked on one at a time, so that classifying goes on beside it.

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

    async def work(self, request: Request, work: Callable[[np.ndarray], Result]) -> Result:
        """Read the image of a request and call ``work`` in a thread with its pixels, uint8 (h, w, 3).

        Raises:
            ProblemError: the queue is full, the body is no image, or a limit is broken.
        """
        if self._here == self._most:
            raise overloaded(f"{self._here} requests of this kind are waiting already.")
        self._here += 1
        try:
            with self._service.memory.place(self._settings.max_body) as place:
                async with asyncio.timeout(self._settings.seconds):
                    uploads, _ = await read_images(request, place, 1)
                async with self._turn:
                    return await asyncio.to_thread(lambda: work(self._pixels(uploads[0].data)))
        except TimeoutError:
            seconds = f"{self._settings.seconds:g}"
            raise ProblemError(REQUEST_TIMEOUT, f"It was not complete after {seconds} seconds.") from None
        finally:
            self._here -= 1

    def _pixels(self, data: bytes) -> np.ndarray:
        try:
            return decode(data, name="image", max_pixels=self._settings.max_pixels)
        except DecodeError as problem:
            raise ProblemError(UNREADABLE_IMAGE, str(problem).removeprefix("image: ")[:300]) from problem
