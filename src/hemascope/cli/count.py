"""Count the cells of whole fields of a smear."""

import sys
from pathlib import Path

from hemascope.cli._parser import Parser
from hemascope.cli._running import add_cluster, bar, positive, stopped_by_ctrl_c, unheard
from hemascope.data.kinds import ANY
from hemascope.data.remote.path import located
from hemascope.data.remote.url import named
from hemascope.fields.defaults import DETECTOR, FORMATS
from hemascope.predict.devices import HELP as DEVICE
from hemascope.predict.shipped import DEFAULT

_ABOUT = """\
Count the cells of whole fields of a smear.

Finds white cells, red cells and platelets at any magnification, classifies the
white ones, and gives the differential. A cell cut by the right or lower edge of
its field is not counted, one cut by the left or upper edge is. Writes into the
folder OUTPUT: cells.csv, a row a cell; fields.csv, a row a field;
differential.csv; cells.coco.json; geojson/ (QuPath); count.html; count.json.
Without -o: the counts on a terminal, the cells as CSV into a pipe. While a
count with -o goes on, the fields that are done are kept there."""

_END = """\
exit code: 0 all fields were read; 3 some failed (their rows say why in the
column error); 2 nothing was done; 130 stopped by Ctrl-C (what is done is kept;
a second Ctrl-C does not wait for the field at work).

examples:
  hemascope count slide_7/ -o counted
  hemascope count fields.zip -o counted --resume
  hemascope count slide_7/ -o counted --precision 2 --attributes
  hemascope count slides/ -o counted --on ray://head:10001"""


def parser() -> Parser:
    """The command's arguments."""
    parser = Parser("count", "FIELDS...", _ABOUT, _END)
    parser.add_argument("sources", nargs="+", metavar="FIELDS", help=f"{ANY} Slides, too: SVS, NDPI, OME-TIFF.")
    parser.add_argument(
        "-m", "--model", default=DEFAULT, help=f"A model file, a Run folder or a shipped model's name. [{DEFAULT}]"
    )
    parser.add_argument(
        "--detector", default=DETECTOR, help=f"A detector's file or a shipped detector's name. [{DETECTOR}]"
    )
    parser.add_argument("-o", "--output", type=located, metavar="FOLDER", help="To write what is counted into.")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help=f"Of the table of cells. [{FORMATS[0]}]")
    parser.add_argument(
        "--precision",
        type=float,
        metavar="POINTS",
        help="Say how many cells more it takes to know every share within so many percentage points.",
    )
    parser.add_argument("--rois", action="store_true", help="Write ImageJ's regions of interest, a zip a field.")
    parser.add_argument("--crops", action="store_true", help="Write cut-out white cells as class folders.")
    parser.add_argument("--overlays", action="store_true", help="Write a picture a field with its cells in boxes.")
    parser.add_argument(
        "--attributes", action="store_true", help="Say what is seen of white cells: nucleus, cytoplasm, granules."
    )
    parser.add_argument("--resume", action="store_true", help="Go on with an interrupted count, if there is one.")
    parser.add_argument("--overwrite", action="store_true", help="Replace an existing count.")
    parser.add_argument("--threads", type=positive, metavar="N", help="Threads that work on a field. [one a core]")
    parser.add_argument("--device", help=DEVICE)
    add_cluster(parser)
    return parser


def run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = vars(parser().parse_args(arguments))
    sources: list[str] = [*map(named, options.pop("sources"))]
    output: Path | None = options["output"]

    from hemascope.cli._count_show import Show
    from hemascope.fields.run import run
    from hemascope.pipeline.count import page_writer

    show = Show(output)
    with bar() as progress, stopped_by_ctrl_c() as stop, unheard(options["on"]):
        page = page_writer(progress) if output else None
        outcome = run(sources, watcher=show, page=page, stop=stop, progress=progress, **options)
    if outcome.finished:
        print(f"{output} is complete already", file=sys.stderr)  # noqa: T201
    show.end(outcome)
    if not outcome.complete:
        return 130
    return 3 if outcome.totals.failed else 0
