"""What the endpoints share: the loaded classifier, its queue, the memory for uploads, and the metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from hemascope.cores import usable_cores
from hemascope.predict.classifier import Classifier, load
from hemascope.serve.admission import BATCH_WORK
from hemascope.serve.batching import Batcher
from hemascope.serve.body import Upload, UploadMemory
from hemascope.serve.fields import Counter
from hemascope.serve.metrics import Metrics
from hemascope.serve.network import Judged, Network
from hemascope.serve.settings import Settings


class Service:
    """One worker's service. Its `classifier`, `name`, `network`, `batcher` and `counter` exist while `running`.

    Attributes:
        metrics: its numbers.
        memory: memory for uploads.
        classifier: the model.
        name: of the model and its digest, as answers give them.
        width: of its features.
        network: what classifies them.
        batcher: the queue of images.
        counter: what searches fields, with a queue of its own; None where there is no detector.
    """

    classifier: Classifier
    name: dict[str, str]
    width: int
    network: Network
    batcher: Batcher[Upload, Judged]
    counter: Counter | None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.metrics = Metrics()
        self.memory = UploadMemory(settings.memory)

    @asynccontextmanager
    async def running(self, _: object = None) -> AsyncIterator[None]:
        """Load the model and start the threads; at the end finish what waits."""
        settings = self._settings
        self.classifier = load(settings.model, threads=1, device=settings.device)
        side = self.classifier.card.input_size
        blank = np.zeros((1, side, side, 3), np.uint8)
        self.classifier(blank)  # a first run takes longer than any other
        self.width = self.classifier.features(blank).shape[1]
        self.name = {"name": self.classifier.card.name, "sha256": self.classifier.digest}
        self.network = Network(self.classifier, settings.max_pixels)
        self.batcher = Batcher(
            self.network,
            threads=settings.threads or max(1, usable_cores() // settings.workers),
            batch=self.classifier.batch,
            queue=settings.queue,
            queue_work=settings.queue_pixels,
            batch_work=BATCH_WORK,
            gather=settings.gather,
            observe=self.metrics.batches.observe,
        )
        self.counter = Counter.open(self.classifier, settings)
        try:
            yield
        finally:
            self.batcher.close()
            if self.counter:
                self.counter.batcher.close()

    def count(self, answers: list[dict[str, Any]]) -> None:
        """Count the answers of a request in the metrics."""
        own = self.classifier.classes
        for answer in answers:
            label = answer["label"] or "failed"
            self.metrics.images.labels(label if label in (*own, "failed") else "other").inc()

    def metrics_text(self) -> bytes:
        """The metrics, with the state of this moment."""
        self.metrics.queue.set(self.batcher.waiting)
        self.metrics.held.set(self.memory.held)
        return self.metrics.text()
