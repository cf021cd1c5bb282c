"""Classify images with a model file."""

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from hemascope.predict.shipped import DEFAULT

_ABOUT = """\
Classify images with a model file.

A row an image: path, label, confidence, one probability column a class, error.
Where the model tells, unknown (0 .. 1) says how little a picture is like the
classes' cells, and is_unknown (1 or 0) whether it is probably none of them.
Without -o: a table on a terminal, CSV into a pipe. While a run with -o goes on,
its results are kept in OUTPUT.partial."""

_END = """\
exit code: 0 all images were classified; 3 some failed (their rows say why in
the column error); 2 nothing was done; 130 stopped by Ctrl-C.

examples:
  hemascope predict cell.jpg
  hemascope predict slides/ more.npz 'old/**/*.png' -m runs/mine -o cells.csv
  hemascope predict slides/ -o cells.parquet --resume"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(
        "hemascope predict",
        description=_ABOUT,
        epilog=_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="+", metavar="PATHS", help="images, folders, quoted globs, .npz, .tar, .tar.gz")
    parser.add_argument(
        "-m", "--model", default=DEFAULT, help=f"a model file, a Run folder or a shipped model's name [{DEFAULT}]"
    )
    parser.add_argument("-o", "--output", type=Path, help="write a table: .csv, .parquet or .jsonl")
    parser.add_argument(
        "--coverage",
        type=float,
        metavar="SHARE",
        help="add the column set: the classes that hold the true one in this share of cells, as 0.95",
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run, if there is one")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")
    parser.add_argument("--threads", type=_positive, metavar="N", help="images worked on at a time [one a core]")
    parser.add_argument("--batch", type=_positive, metavar="N", help="most images a network run [8, the fastest]")
    return parser


def run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    paths: list[str] = options.paths
    output: Path | None = options.output

    from hemascope import load
    from hemascope.cli._predict_show import Show
    from hemascope.errors import SourceError
    from hemascope.predict import items
    from hemascope.predict import run as job
    from hemascope.predict.rows import Layout

    if output:
        job.check_output(output, resume=options.resume, overwrite=options.overwrite)
    elif options.resume or options.overwrite:
        raise SourceError("--resume and --overwrite need an output", "Name it by -o.")
    items.check(paths)
    if output and options.resume and job.is_complete(output):
        from hemascope.predict.output import failures

        print(f"{output} is complete already", file=sys.stderr)  # noqa: T201
        return 3 if failures(output) else 0
    classifier = load(options.model, threads=options.threads)
    layout = Layout.of(classifier, options.coverage)
    images = items.items(paths)
    with Show(layout, paths, output) as show, _stopped_by_ctrl_c() as stop:
        if output:
            outcome = job.classify_to_file(
                classifier,
                images,
                output,
                resume=options.resume,
                coverage=options.coverage,
                batch=options.batch,
                stop=stop,
                begun=show.begin,
                progress=show.add,
            )
        else:
            outcome = job.classify_to(show.add, classifier, images, batch=options.batch, stop=stop)
    if outcome.complete and not outcome.images:
        raise SourceError(
            f"{', '.join(paths)}: no image there", "Folders are searched for files with an image's suffix."
        )
    show.end(outcome)
    if not outcome.complete:
        return 130
    return 3 if outcome.failed else 0


@contextlib.contextmanager
def _stopped_by_ctrl_c() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that the run ends in order; the second one ends it at once."""
    stop = threading.Event()

    def interrupt(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    former = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, former)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
