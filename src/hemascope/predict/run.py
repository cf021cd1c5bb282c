"""Classifying sources from top to bottom; into a file: resumable, and whole or not there at all."""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hemascope.data.dataset import Dataset, is_dataset, source_name
from hemascope.data.remote.delivery import anywhere
from hemascope.errors import SourceError
from hemascope.predict import output as outputs
from hemascope.predict import rows
from hemascope.predict.alone import alone
from hemascope.predict.card import ModelCard
from hemascope.predict.differential import differential as counting
from hemascope.predict.differential.differential import Differential, Tally, check_precision
from hemascope.predict.finished import check_finished, take
from hemascope.predict.items import Item, check, count, items
from hemascope.predict.place import Cluster, checked_place, rate
from hemascope.predict.rows import Layout
from hemascope.predict.shipped import DEFAULT
from hemascope.predict.source_files import tell_passed_over
from hemascope.predict.stream import Block, Runnable, classify
from hemascope.predict.unlike import Look, Unlike
from hemascope.progress import SILENT, Progress


class Watcher(Protocol):
    """Takes the results as they come."""

    def begin(self, layout: Layout, before: int) -> None:
        """The columns there will be, and how many images an earlier run has done."""

    def add(self, block: Block) -> None:
        """The next results."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        images: images that have their row, those of earlier runs among them; without any there is no output.
        failed: how many of them failed.
        complete: whether ``output`` is written; if not, the journal holds the rows.
        before: how many of the images an earlier run did; all of them where it had finished.
        finished: whether an earlier run had finished, so that nothing was done.
        unlike: that the images of this run are unlike those that the model was calibrated on; None where they are not.
        differential: the count of all images, where one was asked for and the run is complete.
        kept: where the rows of a run into an output are until it is complete.
    """

    images: int
    failed: int
    complete: bool
    before: int = 0
    finished: bool = False
    unlike: Unlike | None = None
    differential: Differential | None = None
    kept: Path | None = None


@anywhere(beside="differential")
def run(
    sources: Sequence[str | Dataset],
    model: str | Path = DEFAULT,
    *,
    watcher: Watcher,
    output: Path | None = None,
    coverage: float | None = None,
    attributes: bool = False,
    differential: bool = False,
    precision: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    batch: int | None = None,
    on: str | None = None,
    workers: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
    stop: threading.Event | None = None,
) -> Outcome:
    """Classify every image of the sources; a run into a file that was ended at any moment can be resumed.

    Args:
        sources, model, coverage, attributes, differential, precision, resume, overwrite, threads, batch, on, workers,
            device, progress: see `hemascope.predict.predict.predict`.
        watcher: is handed the results; those of a cluster that go into an output in any order.
        output: .csv, .parquet or .jsonl, on a cluster a folder too, also elsewhere by its URL; without one only the
            watcher has them.
        stop: when set, the run ends early and keeps its journal.

    Raises:
        SourceError: no such source or no image in them; an output that is there already, or that another run
            is at; resuming, other images, another coverage or other attributes than those of the earlier run.
        ModelFileError: no such model; resuming, another one; or it has no sets of that coverage, or no attributes.
        EngineError: no such cluster, or it does not see the images.
        DeviceError: the device is not there, or fails.
    """
    place = checked_place(on, workers, threads, stop, progress)
    if place is not None and any(map(is_dataset, sources)):
        raise SourceError(
            "an object of datasets is in this process alone", "Save it by .to_parquet() and give that file's path."
        )
    _check_differential(differential, precision, output, again=resume or overwrite)
    if output is not None:
        outputs.check_output(output, cluster=on is not None, resume=resume, overwrite=overwrite)
    elif resume or overwrite:
        raise SourceError("--resume and --overwrite need an output", "Name it by -o.")
    check(sources, progress)
    if output is None:
        classifier, layout = _loaded(model, threads, device, coverage, attributes, progress)
        watched = _Watched(watcher, progress, sources, classifier.card, layout)
        watched.begin(0)
        if place is None:
            blocks: Generator[Block] | Generator[tuple[Block, int]]
            blocks = classify(classifier, items(sources), batch=batch, stop=stop, attributes=attributes)
        else:
            from hemascope.predict.spread import in_order, labelling

            blocks = in_order(place, labelling(classifier, batch, attributes), sources)
        outcome = _hand_over(blocks, watched, stop)
    else:
        with alone(output):
            outputs.check_output(output, cluster=on is not None, resume=resume, overwrite=overwrite, held=True)
            classifier, layout = _loaded(model, threads, device, coverage, attributes, progress)
            watched = _Watched(watcher, progress, sources, classifier.card, layout)
            if resume and output.is_file() and not outputs.interrupted(output, cluster=on is not None).exists():
                images, failed = check_finished(output, classifier, layout, items(sources))
                outcome = Outcome(images, failed, complete=True, before=images, finished=True)
            elif place is not None:
                outcome = _into_parts(classifier, sources, output, place, watched, resume, batch)
            else:
                outcome = _into_file(classifier, items(sources), output, watched, resume, batch, stop)
    if outcome.complete and not outcome.images:
        raise SourceError(
            f"{', '.join(map(source_name, sources))}: no image there",
            "Folders are searched for files with an image's suffix.",
        )
    unlike = watched.look.unlike()
    if not outcome.complete:
        return replace(outcome, unlike=unlike)
    counted = _counted(output or watched.tally, classifier.card, differential, precision, unlike)
    return replace(outcome, unlike=unlike, differential=counted)


def _loaded(
    model: str | Path,
    threads: int | None,
    device: str | None,
    coverage: float | None,
    attributes: bool,
    progress: Progress,
) -> tuple[Runnable, Layout]:
    from hemascope.predict.classifier import load  # brings onnxruntime, not needed to refuse

    classifier = load(model, threads=threads, device=device)
    if classifier.device.said:
        progress.say(classifier.device.said)
    return classifier, Layout.of(classifier, coverage, attributes)


def _check_differential(wanted: bool, precision: float | None, output: Path | None, *, again: bool) -> None:
    """Refuse, before any work, what cannot be counted, or a table that would go."""
    if precision is not None and not wanted:
        raise SourceError("a precision is wanted of no differential", "Give --differential too.")
    check_precision(precision)
    if not wanted or output is None:
        return
    beside = output.with_name(counting.FILE)
    if output.name == counting.FILE:
        raise SourceError(f"{output}: is the name of the differential beside it", "Give the table another name.")
    if beside.exists() and not again:
        raise SourceError(f"{beside}: exists already", "Write into another folder, or --overwrite to replace it.")


def _counted(
    done: Path | Tally, card: ModelCard, wanted: bool, precision: float | None, unlike: Unlike | None
) -> Differential | None:
    """The differential, where it is wanted, of a finished table, beside which it is written, or of counted rows."""
    if not wanted:
        return None
    if isinstance(done, Path):
        tally = Tally()
        for row in outputs.read_rows(done):
            tally.add([row["label"]], [bool(row.get("is_unknown"))])
    else:
        tally = done
    found = tally.differential(card, precision, unlike.message if unlike else "")
    if isinstance(done, Path):
        found.write(done.with_name(counting.FILE))
    return found


class _Watched:
    """Hands the results on, reports how far the run is, counts, and looks at the images' colours."""

    def __init__(
        self, watcher: Watcher, progress: Progress, sources: Sequence[str | Dataset], card: ModelCard, layout: Layout
    ) -> None:
        self.look, self.tally, self.layout = Look(card), Tally(), layout
        self._watcher = watcher
        self._progress = progress
        self._sources = sources
        self._total: int | None = None

    def begin(self, before: int, lost: int = 0) -> None:
        self._watcher.begin(self.layout, before)
        if lost:
            self._progress.say(
                f"The journal's last {lost:,} bytes are not as they were written: images from the {before + 1:,}th on"
                " are classified again."
            )
        tell_passed_over(self._sources, self._progress)
        # To count the images takes a walk through all folders, which is for nothing where nobody looks.
        self._total = None if self._progress is SILENT else count(self._sources)
        self._progress.step("classifying", self._total)
        self._done = self._before = before
        self._started = time.monotonic()
        if before:
            self._progress.done(before)

    def add(self, block: Block, workers: int | None = None) -> None:
        self._watcher.add(block)
        self.tally.add(rows.labels(block, self.layout.classes), rows.flags(block, self.layout).tolist())
        if block.colours is not None:
            self.look.add(block.colours, block.probabilities)
        self._done += len(block.paths)
        left = None if self._total is None else self._total - self._done
        note = rate("images", self._done - self._before, self._started, workers, left)
        self._progress.done(self._done, note=note)


def _into_parts(
    classifier: Runnable,
    sources: Sequence[str],
    output: Path,
    place: Cluster,
    watched: _Watched,
    resume: bool,
    batch: int | None,
) -> Outcome:
    from hemascope.predict.folder import Folder, discard
    from hemascope.predict.spread import into, labelling

    joined = not outputs.is_folder(output)
    folder = Folder(outputs.parts_path(output) if joined else output, classifier, watched.layout, sources)
    folder.resume() if resume else folder.create()
    watched.begin(folder.before)
    labeller = labelling(classifier, batch, bool(watched.layout.attributes))
    found = into(folder, place, labeller, sources, watched)
    if place.stopped:
        return Outcome(found.images, found.failed, complete=False, before=folder.before, kept=folder.path)
    finished = folder.complete and not found.new
    if found.images:
        folder.finish(found.parts, found.images, found.failed)
    if joined and found.images:
        outputs.write(folder, output)
    if joined or not found.images:
        discard(folder.path)
    return Outcome(found.images, found.failed, complete=True, before=folder.before, finished=finished)


def _into_file(
    classifier: Runnable,
    images: Iterator[Item],
    output: Path,
    watched: _Watched,
    resume: bool,
    batch: int | None,
    stop: threading.Event | None,
) -> Outcome:
    from hemascope.predict.journal import Journal  # brings pyarrow, which only a file needs

    path, layout = outputs.journal_path(output), watched.layout
    begin = Journal.resume if resume and path.exists() else Journal.create
    journal = begin(path, classifier, layout)
    with journal:
        before = journal.rows
        watched.begin(before, journal.lost)
        for done in journal.paths():
            take(images, done, path, "the interrupted run")
        attributes = bool(layout.attributes)
        with closing(classify(classifier, images, batch=batch, stop=stop, attributes=attributes)) as blocks:
            for block in blocks:
                journal.append(block)
                watched.add(block)
        if stop and stop.is_set():
            return Outcome(journal.rows, journal.failed, complete=False, before=before, kept=path)
        if journal.rows:
            outputs.write(journal, output)
    path.unlink()
    return Outcome(journal.rows, journal.failed, complete=True, before=before)


def _hand_over(
    blocks: Generator[Block] | Generator[tuple[Block, int]], watched: _Watched, stop: threading.Event | None
) -> Outcome:
    n = failed = 0
    with closing(blocks):
        for found in blocks:
            block, workers = (found, None) if isinstance(found, Block) else found
            watched.add(block, workers)
            n += len(block.paths)
            failed += sum(map(bool, block.errors))
    return Outcome(n, failed, complete=not (stop and stop.is_set()))
