"""Classifying sources from top to bottom; into a file: resumable, and whole or not there at all."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hemascope.errors import SourceError
from hemascope.predict import output as outputs
from hemascope.predict import rows
from hemascope.predict.alone import alone
from hemascope.predict.card import ModelCard
from hemascope.predict.differential import differential as counting
from hemascope.predict.differential.differential import Differential, Tally, check_precision
from hemascope.predict.finished import check_finished, take
from hemascope.predict.items import Item, check, count, items, tell_passed_over
from hemascope.predict.rows import Layout
from hemascope.predict.shipped import DEFAULT
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
    """

    images: int
    failed: int
    complete: bool
    before: int = 0
    finished: bool = False
    unlike: Unlike | None = None
    differential: Differential | None = None


def run(
    sources: Sequence[str],
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
    device: str | None = None,
    progress: Progress = SILENT,
    stop: threading.Event | None = None,
) -> Outcome:
    """Classify every image of the sources; a run into a file that was ended at any moment can be resumed.

    Args:
        sources, model, coverage, attributes, differential, precision, resume, overwrite, threads, batch, device,
            progress: see `hemascope.predict.predict.predict`.
        watcher: is handed the results.
        output: .csv, .parquet or .jsonl; without one only the watcher has them.
        stop: when set, the run ends early and keeps its journal.

    Raises:
        SourceError: no such source or no image in them; an output that is there already, or that another run
            is at; resuming, other images, another coverage or other attributes than those of the earlier run.
        ModelFileError: no such model; resuming, another one; or it has no sets of that coverage, or no attributes.
        DeviceError: the device is not there, or fails.
    """
    _check_differential(differential, precision, output, again=resume or overwrite)
    if output is not None:
        _check_output(output, resume=resume, overwrite=overwrite)
    elif resume or overwrite:
        raise SourceError("--resume and --overwrite need an output", "Name it by -o.")
    check(sources, progress)
    if output is None:
        classifier, layout = _loaded(model, threads, device, coverage, attributes, progress)
        watched = _Watched(watcher, progress, sources, classifier.card)
        watched.begin(layout, 0)
        outcome = _hand_over(classifier, items(sources), watched, attributes, batch, stop)
    else:
        with alone(output):
            _check_output(output, resume=resume, overwrite=overwrite, held=True)
            classifier, layout = _loaded(model, threads, device, coverage, attributes, progress)
            if resume and output.exists() and not outputs.journal_path(output).exists():
                images, failed = check_finished(output, classifier, layout, items(sources))
                outcome = Outcome(images, failed, complete=True, before=images, finished=True)
                return replace(outcome, differential=_counted(output, classifier.card, differential, precision, None))
            watched = _Watched(watcher, progress, sources, classifier.card)
            outcome = _into_file(classifier, items(sources), output, watched, resume, layout, batch, stop)
    if outcome.complete and not outcome.images:
        raise SourceError(
            f"{', '.join(sources)}: no image there", "Folders are searched for files with an image's suffix."
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

    def __init__(self, watcher: Watcher, progress: Progress, sources: Sequence[str], card: ModelCard) -> None:
        self.look, self.tally, self._layout = Look(card), Tally(), Layout(())
        self._watcher = watcher
        self._progress = progress
        self._sources = sources

    def begin(self, layout: Layout, before: int, lost: int = 0) -> None:
        self._watcher.begin(layout, before)
        self._layout = layout
        if lost:
            self._progress.say(
                f"The journal's last {lost:,} bytes are not as they were written: images from the {before + 1:,}th on"
                " are classified again."
            )
        tell_passed_over(self._sources, self._progress)
        # To count the images takes a walk through all folders, which is for nothing where nobody looks.
        self._progress.step("classifying", None if self._progress is SILENT else count(self._sources))
        self._done = self._before = before
        self._started = time.monotonic()
        if before:
            self._progress.done(before)

    def add(self, block: Block) -> None:
        self._watcher.add(block)
        self.tally.add(rows.labels(block, self._layout.classes), rows.flags(block, self._layout).tolist())
        if block.colours is not None:
            self.look.add(block.colours, block.probabilities)
        self._done += len(block.paths)
        seconds = max(time.monotonic() - self._started, 1e-9)
        self._progress.done(self._done, note=f"({(self._done - self._before) / seconds:,.0f} images/s)")


def _check_output(output: Path, *, resume: bool, overwrite: bool, held: bool = False) -> None:
    """Refuse, before any work, to write where something is that the user has not given up.

    Args:
        output, resume, overwrite: as of `run`.
        held: whether no other run can be at it, so that a journal is that of an interrupted one.

    Raises:
        SourceError: unknown format, or an output or an interrupted run is there already.
    """
    outputs.check_format(output)
    if resume and overwrite:
        raise SourceError("--resume and --overwrite exclude each other", "Give the one you mean.")
    if resume or overwrite:
        return
    if output.exists():
        raise SourceError(f"{output}: exists already", "Give another name, or --overwrite to replace it.")
    if held and outputs.journal_path(output).exists():
        raise SourceError(
            f"{outputs.journal_path(output)}: an interrupted run left this",
            "Go on with it by --resume, or start anew by --overwrite.",
        )


def _into_file(
    classifier: Runnable,
    images: Iterator[Item],
    output: Path,
    watched: _Watched,
    resume: bool,
    layout: Layout,
    batch: int | None,
    stop: threading.Event | None,
) -> Outcome:
    from hemascope.predict.journal import Journal  # brings pyarrow, which only a file needs

    path = outputs.journal_path(output)
    begin = Journal.resume if resume and path.exists() else Journal.create
    journal = begin(path, classifier, layout)
    with journal:
        before = journal.rows
        watched.begin(layout, before, journal.lost)
        for done in journal.paths():
            take(images, done, path, "the interrupted run")
        attributes = bool(layout.attributes)
        with closing(classify(classifier, images, batch=batch, stop=stop, attributes=attributes)) as blocks:
            for block in blocks:
                journal.append(block)
                watched.add(block)
        if stop and stop.is_set():
            return Outcome(journal.rows, journal.failed, complete=False, before=before)
        if journal.rows:
            outputs.write(journal, output)
    path.unlink()
    return Outcome(journal.rows, journal.failed, complete=True, before=before)


def _hand_over(
    classifier: Runnable,
    images: Iterable[Item],
    watched: _Watched,
    attributes: bool,
    batch: int | None,
    stop: threading.Event | None,
) -> Outcome:
    n = failed = 0
    with closing(classify(classifier, images, batch=batch, stop=stop, attributes=attributes)) as blocks:
        for block in blocks:
            watched.add(block)
            n += len(block.paths)
            failed += sum(map(bool, block.errors))
    return Outcome(n, failed, complete=not (stop and stop.is_set()))
