"""Counting on a cluster: fields go to its workers in parts, and come back in their order."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hemascope.fields.journal import read_part, write_part
from hemascope.fields.read import FieldRead, read_fields
from hemascope.fields.slides.items import Survey, fields_of
from hemascope.fields.slides.slide import SUFFIXES
from hemascope.predict.cut import Part, cut
from hemascope.predict.place import Cluster
from hemascope.predict.rows import printable
from hemascope.predict.worker import Packed, Reader, unseen

FIELDS = 4
"""Fields, or slides, of the first parts."""


class Read(NamedTuple):
    """What a worker says of a part.

    Attributes:
        reads: its fields, without their pixels.
        surveys: how much of its slides was read.
        unseen: see `hemascope.predict.worker.Classified`.
    """

    reads: tuple[FieldRead, ...]
    surveys: tuple[Survey, ...] = ()
    unseen: tuple[str, ...] = ()


class Counter:
    """Reads the fields of parts by one core; made once a worker.

    Args:
        detector, model: their files.
        attributes: as of `hemascope.fields.read.read_fields`.
    """

    def __init__(self, detector: Packed, model: Packed, attributes: bool) -> None:
        from hemascope.fields.detector import load_detector
        from hemascope.predict.classifier import load

        with detector.there() as path:
            self._detector = load_detector(path, threads=1)
        with model.there() as path:
            self._classifier = load(path, threads=1)
        self._detector.path, self._classifier.path = Path(detector.path), Path(model.path)
        self._attributes = attributes
        self._reader = Reader()

    def __call__(self, part: Part) -> Read:
        """Read a part's fields.

        Raises:
            EngineError: its files are not to be seen here.
        """
        surveys: list[Survey] = []
        images = fields_of(self._reader.items(part), surveys.append)
        found = read_fields(self._detector, self._classifier, images, attributes=self._attributes)
        reads = tuple(replace(read, pixels=None) for read in found)
        failed = part.entries if any(read.error for read in reads) else ()
        return Read(reads, tuple(surveys), unseen(failed))


class Counting(NamedTuple):
    """The arguments of `Counter`."""

    detector: Packed
    model: Packed
    attributes: bool


def reads(
    place: Cluster, counter: Counting, sources: Sequence[str], done: Iterable[str] = (), kept: Path | None = None
) -> Generator[tuple[Read, int]]:
    """The fields of the sources in their order, some at a time, and the number of workers.

    Args:
        place: where.
        counter: the arguments of `Counter`.
        sources: see `hemascope.fields.slides.items.field_items`.
        done: the names of the first fields, which are not read again.
        kept: a folder for parts that are done before their turn, which outlive the process there.
    """
    held: dict[int, Read] = {}
    skipped: dict[int, int] = {}
    names = deque(done)

    def missing() -> Iterator[tuple[int, Part]]:
        for number, part in enumerate(cut(sources, also=SUFFIXES, images=FIELDS)):
            whole, skipped[number] = _taken(part, names)
            if whole:
                held[number] = Read(())
            elif kept is not None and (before := read_part(_file(kept, number))):
                held[number] = Read(tuple(before))
            else:
                yield number, part

    following = workers = 0

    def ready() -> Iterator[tuple[Read, int]]:
        nonlocal following
        while following in held:
            found = held.pop(following)
            yield found._replace(reads=found.reads[skipped.pop(following) :]), workers
            if kept is not None:
                _file(kept, following).unlink(missing_ok=True)
            following += 1

    with closing(place.each(missing(), Counter, *counter)) as found:
        for one in found:
            workers, held[one.number] = one.workers, one.result
            if kept is not None:
                write_part(_file(kept, one.number), one.result.reads)
            yield from ready()
    if not place.stopped:
        yield from ready()
        if kept is not None:
            shutil.rmtree(kept, ignore_errors=True)


def _taken(part: Part, names: deque[str]) -> tuple[bool, int]:
    """Whether all fields of a part are among the names, which are taken off, and how many are."""
    before, last = len(names), ""
    for entry in part.entries:
        path, own = printable(entry.path), False
        while names and (names[0] == path or names[0].startswith(f"{path}#")):
            last, own = names.popleft(), True
        if not own:
            return False, before - len(names)
    # Of a slide, more windows may be to come.
    return bool(names) or last == printable(part.entries[-1].path), before - len(names)


def _file(kept: Path, number: int) -> Path:
    return kept / f"part-{number:05d}"
