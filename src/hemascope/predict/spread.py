"""Classifying on a cluster: parts of the sources to its workers, rows back in their order, finished parts kept."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count as numbers
from typing import NamedTuple, Protocol

from hemascope.predict.cut import Part, cut
from hemascope.predict.folder import Folder
from hemascope.predict.place import Cluster
from hemascope.predict.stream import Block, Runnable
from hemascope.predict.worker import Labeller, Packed


class Labelling(NamedTuple):
    """The arguments of `hemascope.predict.worker.Labeller`."""

    model: Packed
    batch: int | None
    attributes: bool


def labelling(classifier: Runnable, batch: int | None, attributes: bool) -> Labelling:
    """What workers need to do as a classifier does here."""
    return Labelling(Packed.of(classifier.path), batch, attributes)


def in_order(place: Cluster, labeller: Labelling, sources: Sequence[str]) -> Generator[tuple[Block, int]]:
    """The rows of the sources, and the number of workers; what is done before its turn waits in memory.

    Args:
        place: where.
        labeller: the arguments of `hemascope.predict.worker.Labeller`.
        sources: see `hemascope.predict.items.items`.
    """
    held: dict[int, Block] = {}
    following = 0
    with closing(place.each(zip(numbers(), cut(sources), strict=False), Labeller, *labeller)) as found:
        for done in found:
            held[done.number] = done.result.block
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


def into(folder: Folder, place: Cluster, labeller: Labelling, sources: Sequence[str], watched: Watched) -> Kept:
    """Classify into a folder of parts all that is not there yet.

    Args:
        folder: begun, or resumed.
        place, labeller, sources: as of `in_order`.
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

    with closing(place.each(missing(), Labeller, *labeller)) as found:
        for done in found:
            block = done.result.block
            folder.write(done.number, block)
            kept.images += len(block.paths)
            kept.failed += sum(map(bool, block.errors))
            kept.new += 1
            watched.add(block, done.workers)
    return kept
