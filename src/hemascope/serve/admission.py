"""Images before and while they wait: how much work they are, and whether anybody still waits for their answers."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from hemascope.data.decode import announced_pixels
from hemascope.serve.batching import Batcher
from hemascope.serve.body import Upload
from hemascope.serve.settings import IMAGE_WORK

Answer = TypeVar("Answer")

BATCH_WORK = 8_000_000
"""Work of one batch: one image of many pixels goes alone, so that no small one waits for several."""


def work_of(uploads: Sequence[Upload], max_pixels: int) -> list[int]:
    """The work of each image, in pixels, as their headers announce them before any is unpacked.

    What is refused without being unpacked makes little.
    """
    announced = (announced_pixels(upload.data) for upload in uploads)
    return [IMAGE_WORK + (pixels if pixels <= max_pixels else 0) for pixels in announced]


async def answered(
    batcher: Batcher[Upload, Answer], request: Request, uploads: Sequence[Upload], work: Sequence[int]
) -> list[Answer]:
    """The answers to a request's images; ends early when the client leaves.

    Raises:
        ClientDisconnect: it has left; what was still waiting is dropped.
        ProblemError: the queue is full.
    """
    client = request.client.host if request.client else None
    answers = asyncio.ensure_future(batcher.answers(uploads, work, client))

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        answers.cancel()

    watcher = asyncio.ensure_future(watch())
    try:
        return await answers
    except asyncio.CancelledError:
        if watcher.done():
            raise ClientDisconnect from None
        raise
    finally:
        answers.cancel()
        watcher.cancel()
