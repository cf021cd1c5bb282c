"""Counting the fields of sources from top to bottom; into a folder: resumable, and tables whole or not there at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hemascope.data.remote.delivery import anywhere
from hemascope.errors import HemascopeError, SourceError
from hemascope.fields import table
from hemascope.fields.crops import cut_out, side_of
from hemascope.fields.defaults import DETECTOR, FORMATS
from hemascope.fields.finished import JOURNAL, SUMMARY, check_count, finished, write_summary
from hemascope.fields.outputs.pixels import Deferred
from hemascope.fields.outputs.rois import require_roifile
from hemascope.fields.outputs.write import WORK, WritePage, Writers
from hemascope.fields.slides.items import Surveys, count_items, field_items
from hemascope.fields.slides.slide import SUFFIXES
from hemascope.fields.table import Columns
from hemascope.fields.totals import FIELDS_FILE, Totals, write_fields
from hemascope.predict.alone import alone
from hemascope.predict.differential import differential as counting
from hemascope.predict.differential.differential import Differential, check_precision
from hemascope.predict.finished import take
from hemascope.predict.items import Item, check
from hemascope.predict.place import Cluster, checked_place, rate
from hemascope.predict.rows import printable
from hemascope.predict.shipped import DEFAULT
from hemascope.predict.source_files import tell_passed_over
from hemascope.predict.unlike import Look, Unlike
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    import numpy as np

    from hemascope.fields.cell import Cell
    from hemascope.fields.detector import Detector
    from hemascope.fields.journal import Journal, Made
    from hemascope.fields.outputs.crops import Cut
    from hemascope.fields.read import FieldRead
    from hemascope.predict.classifier import Classifier


class Watcher(Protocol):
    """Takes the fields as they come."""

    def begin(self, columns: Columns, before: int) -> None:
        """The columns of the cells, and how many fields an earlier run has done."""

    def add(self, read: FieldRead) -> None:
        """The next field."""


@dataclass(frozen=True)
class Outcome:
    """How a count ended.

    Attributes:
        totals: what the fields add up to, those of earlier runs among them.
        complete: whether the folder's tables are written; if not, its journal holds the fields.
        before: how many of the fields an earlier run did; all of them where it had finished.
        finished: whether an earlier run had finished, so that nothing was done.
        unlike: that the white cells of this run are unlike those that the model was calibrated on; None where not.
        differential: of the white cells; None where the run is not complete.
    """

    totals: Totals
    complete: bool
    before: int = 0
    finished: bool = False
    unlike: Unlike | None = None
    differential: Differential | None = None


@anywhere(beside="")
def run(
    sources: Sequence[str],
    model: str | Path = DEFAULT,
    *,
    watcher: Watcher,
    detector: str | Path = DETECTOR,
    output: Path | None = None,
    format: str = FORMATS[0],
    attributes: bool = False,
    precision: float | None = None,
    rois: bool = False,
    crops: bool = False,
    overlays: bool = False,
    page: WritePage | None = None,
    resume: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    on: str | None = None,
    workers: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
    stop: threading.Event | None = None,
) -> Outcome:
    """Count the cells of every field of the sources; a run into a folder that was ended at any moment can be resumed.

    Args:
        sources, model, detector, output, format, attributes, precision, rois, crops, overlays, resume, overwrite,
            threads, device, on, workers, progress: see `hemascope.pipeline.count.count`.
        watcher: is handed the fields.
        page: writes count.html.
        stop: when set, the run ends early and keeps its journal.

    Raises:
        SourceError: no such source or no field in them; a folder with a count already, or that another run is at;
            resuming, other fields than those of the earlier run.
        ModelFileError: no such model or detector; resuming, another one; or the model has no attributes.
        EngineError: no such cluster, or it does not see the images.
    """
    place = checked_place(on, workers, threads, stop, progress)
    check_precision(precision)
    if format not in FORMATS:
        raise HemascopeError(f"{format!r} is no format of the table", f"Give one of {', '.join(FORMATS)}.")
    if output is not None:
        check_count(output, resume=resume, overwrite=overwrite)
    elif resume or overwrite or rois or crops or overlays:
        raise SourceError("--resume, --overwrite, --rois, --crops and --overlays need a folder", "Name it by -o.")
    if rois:
        require_roifile()
    check(sources, progress, also=SUFFIXES)
    if output is None:
        job = _Job(sources, model, detector, attributes, threads, device, watcher, progress, stop, place)
        job.begin(0)
        for found in job.reads(None):
            job.add(found.read, found.workers)
        return job.outcome(precision, complete=not job.stopped)
    with alone(output / "cells", "hemascope count"):
        check_count(output, resume=resume, overwrite=overwrite, held=True)
        job = _Job(sources, model, detector, attributes, threads, device, watcher, progress, stop, place)
        if resume and (output / SUMMARY).exists() and not (output / JOURNAL).exists():
            job.totals = finished(output, job.made, format, job.items())
            outcome = job.outcome(precision, complete=True, before=job.totals.fields, finished=True)
        else:
            files = {"rois": rois, "crops": crops, "overlays": overlays}
            wanted = partial(Writers, output, job.columns.classes, page=page, **files)
            outcome = _into_folder(job, output, format, precision, resume, wanted)
        if outcome.differential:
            outcome.differential.write(output / counting.FILE)
    return outcome


class Found(NamedTuple):
    """A field that was read, its pixels or what reads them, and how many workers there are."""

    read: FieldRead
    pixels: np.ndarray | Deferred | None
    workers: int | None = None


def deferred(read: FieldRead, item: Item) -> Deferred:
    """The pixels of a field, read when they are wanted."""
    return Deferred(read.height, read.width, item.pixels)


class _Job:
    """What reads fields, and what is known of them so far."""

    def __init__(
        self,
        sources: Sequence[str],
        model: str | Path,
        detector: str | Path,
        attributes: bool,
        threads: int | None,
        device: str | None,
        watcher: Watcher,
        progress: Progress,
        stop: threading.Event | None,
        place: Cluster | None,
    ) -> None:
        from hemascope.fields.detector import load_detector  # brings onnxruntime, not needed to refuse
        from hemascope.predict.classifier import load

        self.detector: Detector = load_detector(detector, threads=threads, device=device)
        self.classifier: Classifier = load(model, threads=threads, device=device)
        for one in dict.fromkeys(filter(None, (self.detector.device.said, self.classifier.device.said))):
            progress.say(one)
        self.columns = Columns.of(self.classifier, attributes)
        self.totals = Totals()
        self.sources = sources
        self.surveys = Surveys(progress)
        self._attributes = attributes
        self._look = Look(self.classifier.card)
        self._watcher = watcher
        self._progress = progress
        self._stop = stop
        self._place = place

    @property
    def made(self) -> Made:
        return {
            "detector": {"name": self.detector.card.name, "sha256": self.detector.digest},
            "model": {"name": self.classifier.card.name, "sha256": self.classifier.digest},
            "attributes": self._attributes,
        }

    @property
    def stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def items(self) -> Iterator[Item]:
        return field_items(self.sources, self.surveys, self._progress.say)

    def begin(self, before: int, lost: int = 0) -> None:
        self._watcher.begin(self.columns, before)
        if lost:
            self._progress.say(
                f"The journal's last {lost:,} bytes are not as they were written: fields from the {before + 1:,}th on"
                " are read again."
            )
        tell_passed_over(self.sources, self._progress, also=SUFFIXES)
        self._total = None if self._progress is SILENT else count_items(self.sources)
        self._progress.step("counting", self._total)
        self._before, self._started = before, time.monotonic()

    def reads(
        self, images: Iterator[Item] | None, done: Sequence[str] = (), kept: Path | None = None
    ) -> Iterator[Found]:
        """The fields, until told to stop.

        Args:
            images: those to come; all of them where not given.
            done: names of those before them.
            kept: where a cluster's fields wait for their turn.
        """
        if self._place is not None:
            yield from self._afar(self._place, images, done, kept)
            return
        from hemascope.fields.read import read_fields

        images = self.items() if images is None else images
        threads = self.classifier.threads
        found = read_fields(self.detector, self.classifier, images, attributes=self._attributes, threads=threads)
        with closing(found):
            while not self.stopped and (read := next(found, None)) is not None:
                yield Found(read, read.pixels)

    def _afar(
        self, place: Cluster, images: Iterator[Item] | None, done: Sequence[str], kept: Path | None
    ) -> Iterator[Found]:
        """Those that a cluster reads; where their images are given, pixels are read here when they are wanted."""
        from hemascope.fields.spread import Counting, Packed, reads

        counter = Counting(Packed.of(self.detector.path), Packed.of(self.classifier.path), self._attributes)
        with closing(reads(place, counter, self.sources, done, kept)) as found:
            for part, workers in found:
                for survey in part.surveys if images is None else ():
                    self.surveys(survey)
                for read in part.reads:
                    if images is None:
                        yield Found(read, None, workers)
                        continue
                    item = take(images, printable(read.name), Path(read.name), "what the workers read")
                    yield Found(read, None if read.error else deferred(read, item), workers)
        if images is not None and not self.stopped:
            next(images, None)  # how much of a slide was read is told behind its last window

    def cut(self, read: FieldRead, pixels: np.ndarray | Deferred) -> Cut:
        """What cuts a field's cells out as the classifier saw them."""

        def cut(cell: Cell) -> np.ndarray:
            whole = pixels.whole if isinstance(pixels, Deferred) else pixels
            return cut_out(whole, cell.box, side_of(cell.box, read.red_width, self.detector.card.framing))

        return cut

    def again(self, read: FieldRead) -> None:
        """Take a field that an earlier run did."""
        self.totals.add(read)
        self._progress.done(self.totals.fields)

    def add(self, read: FieldRead, workers: int | None = None) -> None:
        self.totals.add(read)
        if len(read.colours):
            self._look.add(read.colours, read.probabilities)
        self._watcher.add(read)
        done = self.totals.fields
        left = None if self._total is None else self._total - done
        self._progress.done(done, note=rate("fields", done - self._before, self._started, workers, left))

    def outcome(self, precision: float | None, *, complete: bool, before: int = 0, finished: bool = False) -> Outcome:
        if complete and not self.totals.fields:
            raise SourceError(
                f"{', '.join(self.sources)}: no image there", "Folders are searched for files with an image's suffix."
            )
        unlike = self._look.unlike()
        told = unlike.message if unlike else ""
        found = self.totals.differential(self.classifier.card, precision, told) if complete else None
        return Outcome(self.totals, complete, before, finished, unlike, found)


def _into_folder(
    job: _Job, folder: Path, format: str, precision: float | None, resume: bool, wanted: Callable[..., Writers]
) -> Outcome:
    from hemascope.fields.journal import Journal

    path, images = folder / JOURNAL, job.items()
    again = resume and path.exists()
    writers = wanted(resume=again)
    with (Journal.resume if again else Journal.create)(path, job.made) as journal:
        before = journal.fields
        job.begin(before, journal.lost)
        done: list[str] = []
        for read in journal.read():
            done.append(printable(read.name))
            item = take(images, printable(read.name), path, "the interrupted run")
            if printable(read.name) not in writers.names:  # its files are missing, or are to be others
                pixels = deferred(read, item)
                writers.add(read.name, None if read.error else pixels, read.cells, cut=job.cut(read, pixels))
            job.again(read)
        for found in job.reads(images, done, folder / WORK / "parts"):
            read = found.read
            cut = None if found.pixels is None else job.cut(read, found.pixels)
            writers.add(read.name, found.pixels, read.cells, cut=cut)
            journal.append(read)
            job.add(read, found.workers)
        outcome = job.outcome(precision, complete=not job.stopped, before=before)
        if outcome.complete:
            # The differential says, too, that the cells are unlike those of the training.
            writers.close(outcome.differential, downsamples=job.surveys.downsamples)
            _write(journal, job, folder, format)
    if outcome.complete:
        path.unlink()
        writers.discard()
    return outcome


def _write(journal: Journal, job: _Job, folder: Path, format: str) -> None:
    """Everything that a finished count leaves; its summary last, which says that it is finished."""
    for other in FORMATS:
        if other != format:
            (folder / f"cells.{other}").unlink(missing_ok=True)
    table.write_table(folder / f"cells.{format}", journal.cells(), job.columns)
    write_fields(folder / FIELDS_FILE, journal.read())
    write_summary(folder, {**job.made, **job.totals.as_dict(), **job.surveys.as_dict()})
