"""Dynamic batching: images of concurrent requests share the runs of the network."""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from hemascope.serve.problems import TOO_MANY_PIXELS, ProblemError, overloaded
from hemascope.serve.turns import Turns

Image = TypeVar("Image")
Answer = TypeVar("Answer")

_COMPANY = 0.5  # seconds for which requests that came together are expected to come together again


class _Job(Generic[Image, Answer]):
    """The images of one request, and their answers as they come."""

    def __init__(
        self, images: Sequence[Image], work: Sequence[int], client: Hashable, future: "asyncio.Future[list[Answer]]"
    ) -> None:
        self.images = images
        self.work = work
        self.client = self if client is None else client
        self.future = future
        self.answers: dict[int, Answer] = {}
        self.taken = 0
        self.arrived = time.monotonic()


class Batcher(Generic[Image, Answer]):
    """A bounded queue of images, and threads that classify them in batches.

    The threads take turns at gathering: the one whose turn it is waits until a batch is full, until as many requests
    are here as lately were at a time, or for ``gather`` seconds from the arrival of its first image, and then computes
    while the next one gathers. Where other threads are idle it takes no more than its share. A client that is alone is
    never made to wait. Clients take turns, and so do the requests of each, image by image and by the work that these
    are, so that neither many images nor large ones hold up the small ones of others.

    Args:
        classify: images to as many answers, called in several threads at a time.
        threads: batches worked on at a time.
        batch: most images of one.
        queue: images that may wait.
        queue_work: work that may wait, in the unit of `answers`.
        batch_work: most work of a batch of more than one image.
        gather: seconds.
        observe: called with the size of every batch, in the event loop.
    """

    def __init__(
        self,
        classify: Callable[[list[Image]], Sequence[Answer]],
        *,
        threads: int,
        batch: int,
        queue: int,
        gather: float,
        queue_work: int = 1 << 50,
        batch_work: int = 1 << 50,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._classify = classify
        self._batch = batch
        self._queue = queue
        self._queue_work = queue_work
        self._batch_work = batch_work
        self._gather_seconds = gather
        self._observe = observe
        self._loop = asyncio.get_running_loop()
        self._jobs: Turns[_Job[Image, Answer]] = Turns()
        self._waiting = 0
        self._waiting_work = 0
        self._idle = threads
        self._open = 0  # requests without their answers
        self._most_open = 0  # at a time, lately
        self._lately = 0.0
        self._closing = False
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"hemascope-{i}", daemon=True) for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Images that wait."""
        return self._waiting

    def check(self, n: int = 1, work: int = 0) -> None:
        """Refuse n more images where the queue has no room for them or their work.

        Raises:
            ProblemError: 503, with Retry-After; 413 where an empty queue has no room either.
        """
        if work > self._queue_work:
            raise ProblemError(
                TOO_MANY_PIXELS,
                f"Its images have {work:,} pixels together, and {self._queue_work:,} may wait; send several requests.",
            )
        if self._waiting + n > self._queue:
            raise overloaded(f"{self._waiting:,} images are waiting already.")
        if self._waiting_work + work > self._queue_work:
            raise overloaded(f"Images of {self._waiting_work:,} pixels are waiting already.")

    async def answers(
        self, images: Sequence[Image], work: Sequence[int] | None = None, client: Hashable = None
    ) -> list[Answer]:
        """Have images classified; when the caller is cancelled, those that still wait are dropped.

        Args:
            images: of one request.
            work: that each is; all alike where not given.
            client: whose request it is; one of its own where None.

        Raises:
            ProblemError: the queue is full.
        """
        work = [1] * len(images) if work is None else work
        self.check(len(images), sum(work))
        job = _Job(images, work, client, self._loop.create_future())
        with self._changed:
            self._open += 1
            if self._open >= self._most_open or job.arrived >= self._lately:
                self._most_open, self._lately = self._open, job.arrived + _COMPANY
            self._jobs.add(job, job.client)
            self._waiting += len(images)
            self._waiting_work += sum(work)
            self._changed.notify()
        try:
            return await job.future
        finally:
            self._open -= 1
            if not job.future.done() or job.future.cancelled():
                self._drop(job)

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _drop(self, job: _Job[Image, Answer]) -> None:
        with self._changed:
            if self._jobs.remove(job, job.client):
                self._waiting -= len(job.images) - job.taken
                self._waiting_work -= sum(job.work[job.taken :])

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                answers: Sequence[Answer] | Exception = self._classify([job.images[i] for job, i in batch])
            except Exception as problem:
                answers = problem
            with self._changed:
                self._idle += 1
            self._loop.call_soon_threadsafe(self._deliver, batch, answers)

    def _next_batch(self) -> list[tuple[_Job[Image, Answer], int]]:
        """Wait for images and take them; none at all when the batcher closes."""
        with self._turn, self._changed:
            while not self._jobs:
                if self._closing:
                    return []
                self._changed.wait()
            until = self._jobs.next()[0].arrived + self._gather_seconds
            while 0 < self._waiting < self._batch and self._open < self._most_open and not self._closing:
                now = time.monotonic()
                if now >= min(until, self._lately):
                    break
                self._changed.wait(until - now)
            size = min(self._batch, -(-self._waiting // self._idle))
            self._idle -= 1
            return self._take(size)

    def _take(self, size: int) -> list[tuple[_Job[Image, Answer], int]]:
        """Images of the requests in turn, at least one."""
        batch: list[tuple[_Job[Image, Answer], int]] = []
        room = self._batch_work
        while self._jobs and len(batch) < size:
            job, client = self._jobs.next()
            work = job.work[job.taken]
            if batch and work > room:
                break
            batch.append((job, job.taken))
            room -= work
            job.taken += 1
            self._waiting -= 1
            self._waiting_work -= work
            self._jobs.charge(job, client, work)
            if job.taken == len(job.images):
                self._jobs.remove(job, client)
        return batch

    def _deliver(self, batch: list[tuple[_Job[Image, Answer], int]], answers: Sequence[Answer] | Exception) -> None:
        self._observe(len(batch))
        for place, (job, index) in enumerate(batch):
            if job.future.done():
                continue
            if isinstance(answers, Exception):
                job.future.set_exception(answers)
                continue
            job.answers[index] = answers[place]
            if len(job.answers) == len(job.images):
                job.future.set_result([job.answers[i] for i in range(len(job.images))])
