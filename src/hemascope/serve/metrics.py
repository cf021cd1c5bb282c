"""What Prometheus is told. Labels are few and never come from a client."""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder in which several workers add up their numbers."""

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Counters of one service; each has a registry of its own, so that several can live in a process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        if SHARED not in os.environ:
            ProcessCollector(registry=registry)
        self.requests = Counter(
            "hemascope_requests", "Requests by path and status.", ["path", "status"], registry=registry
        )
        self.seconds = Histogram(
            "hemascope_request_seconds",
            "Seconds from headers to answer.",
            ["path"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.images = Counter("hemascope_images", "Images by class given, or failed.", ["label"], registry=registry)
        self.fields = Counter(
            "hemascope_fields", "Fields searched for cells, by result: read or failed.", ["result"], registry=registry
        )
        self.batches = Histogram(
            "hemascope_batch_images", "Images a network run.", registry=registry, buckets=(1, 2, 4, 6, 8)
        )
        self.open = Gauge(
            "hemascope_open_requests", "Requests being handled.", registry=registry, multiprocess_mode="livesum"
        )
        self.queue = Gauge("hemascope_queue_images", "Images waiting.", registry=registry, multiprocess_mode="livesum")
        self.held = Gauge(
            "hemascope_upload_bytes", "Bytes of uploads in memory.", registry=registry, multiprocess_mode="livesum"
        )

    def text(self) -> bytes:
        """The exposition format, of all workers together."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry)
