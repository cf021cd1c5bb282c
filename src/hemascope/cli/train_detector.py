"""Train a detector of cells on fields whose cells are boxed."""

from pathlib import Path
from typing import Annotated

import typer


def train_detector(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Annotated fields: CSV, COCO, Pascal VOC or YOLO.", show_default=False),
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")] = "detector",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a key of the recipe.")
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kinds",
            metavar="LABEL=KIND",
            help="Kind of a label that is not known: white, red, platelet; none passes its boxes over.",
        ),
    ] = None,
    annotated: Annotated[
        list[str] | None,
        typer.Option(
            "--annotated",
            metavar="[SOURCE=]KINDS",
            help="Kinds that are boxed, with commas, where the boxes do not show it.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="What it finds in the fields' names is the same in those of a slide, which stay together.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Of the Run. [runs/RECIPE-TIME]", show_default=False),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with this Run, where it was stopped.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train a detector of cells; the Run's folder gets its scores, report.html and detector.onnx.

    SOURCES are fields whose cells are boxed: a CSV (file,xmin,ymin,xmax,ymax,label), COCO's JSON, a folder of Pascal
    VOC's XML, a YOLO folder with data.yaml or classes.txt, or a folder that holds one of these. Labels such as rbc,
    wbc, platelet and the classes of white cells are known. A kind that a source does not box is not learnt from it.

    A fifth of the fields is kept apart for the scores, unless the source names train and val. Fields of a slide must
    not lie on both sides: name what they share with --group.

    Ctrl-C or a crash loses at most one epoch: go on with --resume RUN.

    Examples:

        hemascope train-detector fields/ -o runs/det
        hemascope train-detector smears/ --group '^(.+)_[0-9]+' -o runs/det
        hemascope train-detector --resume runs/det
        hemascope count FIELDS... --detector runs/det/detector.onnx -o counted/
    """
    from hemascope.pipeline import train_detector as pipeline
    from hemascope.progress import Terminal
    from hemascope.terminal import Console
    from hemascope.train.detector.run import HEADINGS, score_rows

    with Terminal() as progress:
        run = pipeline.train_detector(
            sources or (),
            recipe,
            set=set_ or (),
            kinds=kinds or (),
            annotated=annotated or (),
            group=group,
            output=output,
            resume=resume,
            progress=progress,
        )
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(*HEADINGS, box=None, padding=(0, 2, 0, 0))
    for row in score_rows(run.measured()):
        table.add_row(*row)
    console.print(table)
    for line in (f"Report: {run.report_file}", f"Count cells: hemascope count FIELDS --detector {run.model_file}"):
        console.print(line, markup=False, soft_wrap=True)
