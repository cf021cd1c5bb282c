"""Classifying on a cluster: parts of the sources to its workers, rows back in their order, finished parts kept."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from itertools import count as numbers
from typing import Protocol

from hemascope.engine import parts as engine
from hemascope.engine.cluster import cluster
from hemascope.predict.cut import Part, cut
from hemascope.predict.folder import Folder
from hemascope.predict.stream import Block, Runnable
from hemascope.predict.worker import Classified, Labeller, Packed, require_seen
from hemascope.progress import SILENT, Progress


@dataclass(frozen=True)
class Cluster:
    """Where to classify, and by how many.

    Attributes:
        on: "ray", or a cluster's address, see `hemascope.engine.cluster.cluster`.
        workers: the most of them; one a core where not given.
        batch, attributes: as of `hemascope.predict.stream.classify`.
        stop: when set, it ends without waiting for what is at work.
        progress: told of lost workers.
    """

    on: str
    workers: int | None = None
    batch: int | None = None
    attributes: bool = False
    stop: threading.Event | None = None
    progress: Progress = SILENT

    def each(self, classifier: Runnable, parts: Iterator[tuple[int, Part]]) -> Generator[engine.Done[Part, Block]]:
        """The parts, classified, as they are done.

        Raises:
            EngineError: the cluster is not to be had, or does not see the images.
        """
        if (first := next(parts, None)) is None:
            return  # all of it is done: no cluster is needed
        with cluster(self.on) as ray:
            made = Labeller, ray.put(Packed.of(classifier.path)), self.batch, self.attributes
            found = engine.each(
                ray,
                chain([first], parts),
                *made,
                workers=self.workers,
                gpus=has_gpu_runtime(),
                stop=self.stop,
                progress=self.progress,
            )
            with closing(found):
                for done in found:
                    result: Classified = done.result
                    require_seen(result.unseen, done.host)
                    yield engine.Done(done.number, done.part, result.block, done.workers, done.host)

    def in_order(self, classifier: Runnable, sources: Sequence[str]) -> Generator[tuple[Block, int]]:
        """The rows of the sources, and the number of workers; what is done before its turn waits in memory."""
        held: dict[int, Block] = {}
        following = 0
        with closing(self.each(classifier, zip(numbers(), cut(sources), strict=False))) as found:
            for done in found:
                held[done.number] = done.result
                while following in held:
                    yield held.pop(following), done.workers
                    following += 1


class Watched(Protocol):
    """Takes results, and how many workers there are."""

    def add(self, block: Block, workers: int | None = None) -> None:
        """The next results."""


@dataclass
class Kept:
    """What `into` has done: parts, their images, those that failed, and whether nothing was left to do."""

    parts: int = 0
    images: int = 0
    failed: int = 0
    new: int = 0


def into(folder: Folder, place: Cluster, classifier: Runnable, sources: Sequence[str], watched: Watched) -> Kept:
    """Classify into a folder of parts all that is not there yet.

    Args:
        folder: begun, or resumed.
        place: where.
        classifier: the model.
        sources: see `hemascope.predict.items.items`.
        watched: is handed what is new, as it is done.
    """
    kept = Kept()

    def missing() -> Iterator[tuple[int, Part]]:
        for number, part in enumerate(cut(sources)):
            kept.parts += 1
            failed = folder.taken(number, [entry.path for entry in part.entries])
            if failed is None:
                yield number, part
            else:
                kept.images += len(part.entries)
                kept.failed += failed

    with closing(place.each(classifier, missing())) as found:
        for done in found:
            folder.write(done.number, done.result)
            kept.images += len(done.result.paths)
            kept.failed += sum(map(bool, done.result.errors))
            kept.new += 1
            watched.add(done.result, done.workers)
    return kept


def has_gpu_runtime() -> bool:
    """Whether models can run on a GPU here, so that workers are given one each."""
    import onnxruntime as ort

    return "CUDAExecutionProvider" in ort.get_available_providers()
