"""Classify images with a model file."""

import sys
from pathlib import Path

from hemascope.cli._parser import Parser
from hemascope.cli._running import add_cluster, bar, positive, stopped_by_ctrl_c, unheard
from hemascope.data.kinds import ANY
from hemascope.data.remote.path import located
from hemascope.data.remote.url import named
from hemascope.predict.devices import HELP as DEVICE
from hemascope.predict.shipped import DEFAULT

_ABOUT = """\
Classify images with a model file.

A row an image: path, label, confidence, one probability column a class, error.
Where the model tells, unknown (0 .. 1) says how little a picture is like the
classes' cells, and is_unknown (1 or 0) whether it is probably none of them.
With --attributes, appearance says in a few words what is seen of a cell, and
one column an attribute its value. Without -o: a table on a terminal, CSV into
a pipe. While a run with -o goes on, its results are kept in OUTPUT.partial."""

_END = """\
exit code: 0 all images were classified; 3 some failed (their rows say why in
the column error); 2 nothing was done; 130 stopped by Ctrl-C (what is done is
kept; a second Ctrl-C does not wait for the images at work).

examples:
  hemascope predict cell.jpg
  hemascope predict slides/ more.npz 'old/**/*.png' -m runs/mine -o cells.csv
  hemascope predict slides/ -o cells.parquet --resume
  hemascope predict slide_7/ -o slide_7.csv --differential --precision 2
  hemascope predict slides/ -o cells/ --on ray://head:10001"""


def parser() -> Parser:
    """The command's arguments."""
    parser = Parser("predict", "SOURCES...", _ABOUT, _END)
    parser.add_argument("sources", nargs="+", metavar="SOURCES", help=ANY)
    parser.add_argument(
        "-m", "--model", default=DEFAULT, help=f"A model file, a Run folder or a shipped model's name. [{DEFAULT}]"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=located,
        help="Write a table: .csv, .parquet or .jsonl; with --on also a folder of Parquet files.",
    )
    parser.add_argument(
        "--coverage",
        type=float,
        metavar="SHARE",
        help="Add the column set: the classes that hold the true one in this share of cells, as 0.95.",
    )
    parser.add_argument(
        "--attributes", action="store_true", help="Say what is seen of the cells: nucleus, cytoplasm, granules."
    )
    parser.add_argument(
        "--differential",
        action="store_true",
        help="Count the cells: shares of the classes, corrected by what the model confuses, with 95%% intervals; "
        "differential.csv beside OUTPUT.",
    )
    parser.add_argument(
        "--precision",
        type=float,
        metavar="POINTS",
        help="With --differential: how many cells more it takes to know every share within so many percentage points.",
    )
    parser.add_argument("--resume", action="store_true", help="Go on with an interrupted run, if there is one.")
    parser.add_argument("--overwrite", action="store_true", help="Replace an existing output.")
    parser.add_argument("--threads", type=positive, metavar="N", help="Images worked on at a time. [one a core]")
    parser.add_argument(
        "--batch", type=positive, metavar="N", help="Most images a network run. [the fastest: 8, on a GPU 64]"
    )
    parser.add_argument("--device", help=DEVICE)
    add_cluster(parser)
    return parser


def run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = vars(parser().parse_args(arguments))
    sources: list[str] = [*map(named, options.pop("sources"))]
    output: Path | None = options["output"]

    from hemascope.cli._predict_show import Show
    from hemascope.predict.run import run

    show = Show(output)
    with bar() as progress, stopped_by_ctrl_c() as stop, unheard(options["on"]):
        outcome = run(sources, watcher=show, stop=stop, progress=progress, **options)
    if outcome.finished:
        print(f"{output} is complete already", file=sys.stderr)  # noqa: T201
    else:
        show.end(outcome)
    if outcome.differential:
        show.differential(outcome.differential)
    if not outcome.complete:
        return 130
    return 3 if outcome.failed else 0
