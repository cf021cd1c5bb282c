"""Classifying into a file: resumable, and whole or not there at all."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.errors import SourceError
from hemascope.predict import output as outputs
from hemascope.predict.items import Item
from hemascope.predict.rows import printable
from hemascope.predict.stream import Block, classify

if TYPE_CHECKING:
    from hemascope.predict.classifier import Classifier


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        images: images that have their row, those of earlier runs among them; without any there is no output.
        failed: how many of them failed.
        complete: whether ``output`` is written; if not, the journal holds the rows.
    """

    images: int
    failed: int
    complete: bool


def check_output(output: Path, *, resume: bool = False, overwrite: bool = False) -> None:
    """Refuse, before any work, to write where something is that the user has not given up.

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
    if outputs.journal_path(output).exists():
        raise SourceError(
            f"{outputs.journal_path(output)}: an interrupted run left this",
            "Go on with it by --resume, or start anew by --overwrite.",
        )


def is_complete(output: Path) -> bool:
    """Whether an earlier run finished this output."""
    return output.exists() and not outputs.journal_path(output).exists()


def classify_to_file(
    classifier: "Classifier",
    images: Iterable[Item],
    output: Path,
    *,
    resume: bool = False,
    coverage: float | None = None,
    batch: int | None = None,
    threads: int | None = None,
    stop: threading.Event | None = None,
    begun: Callable[[int], None] = lambda rows: None,
    progress: Callable[[Block], None] = lambda block: None,
) -> Outcome:
    """Classify images into a table; a run that was ended at any moment can be resumed.

    Args:
        classifier: what to run.
        images: in a fixed order; taken lazily.
        output: .csv, .parquet or .jsonl; replaced if it exists (see `check_output`).
        resume: go on with the journal of an earlier run, if there is one.
        coverage: add the conformal sets of this coverage, one of those on the model's card, as the column ``set``.
        batch: most images a network run.
        threads: the classifier's where not given.
        stop: when set, the run ends early and keeps its journal.
        begun: called once with the number of images that an earlier run has done.
        progress: called with every block of results.

    Raises:
        SourceError: resuming, the images or the coverage are not those of the earlier run.
        ModelFileError: resuming, the model is not that of the earlier run; or it has no sets of that coverage.
    """
    from hemascope.predict.journal import Journal  # brings pyarrow, which only a file needs

    path = outputs.journal_path(output)
    begin = Journal.resume if resume and path.exists() else Journal.create
    journal = begin(path, classifier, coverage)
    with journal:
        begun(journal.rows)
        left = _after(images, journal.paths(), path) if journal.rows else images
        with closing(classify(classifier, left, batch=batch, threads=threads, stop=stop)) as blocks:
            for block in blocks:
                journal.append(block)
                progress(block)
        if stop and stop.is_set():
            return Outcome(journal.rows, journal.failed, complete=False)
        if journal.rows:
            outputs.write(journal, output)
    path.unlink()
    return Outcome(journal.rows, journal.failed, complete=True)


def classify_to(
    take: Callable[[Block], None],
    classifier: "Classifier",
    images: Iterable[Item],
    *,
    batch: int | None = None,
    threads: int | None = None,
    stop: threading.Event | None = None,
) -> Outcome:
    """Classify images and hand on each block of results; arguments as in `classify_to_file`."""
    n = failed = 0
    with closing(classify(classifier, images, batch=batch, threads=threads, stop=stop)) as blocks:
        for block in blocks:
            take(block)
            n += len(block.paths)
            failed += sum(map(bool, block.errors))
    return Outcome(n, failed, complete=not (stop and stop.is_set()))


def _after(images: Iterable[Item], done: Iterator[str], journal: Path) -> Iterator[Item]:
    """The images after those done, which must be the same as then."""
    images = iter(images)
    for path in done:
        item = next(images, None)
        if item is None or printable(item.path) != path:
            now = "nothing" if item is None else item.path
            raise SourceError(
                f"{journal}: the images are not those of the interrupted run: {now} is where {path} was",
                "Give the same paths from the same folder to go on, or start anew with --overwrite.",
            )
    yield from images
