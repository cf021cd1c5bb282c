"""Compare Runs on the same images; say which differences hold."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of Runs, or of hemascope evaluate -o.", show_default=False)
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="For compare.html, compare.md, compare.csv.", show_default=False
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Compare with this one instead of the best.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(help="What to compare: accuracy, balanced_accuracy, f1, hidden or tta.")
    ] = "accuracy",
    split: Annotated[str, typer.Option(help="The split to compare on; test or, without one, val.")] = "",
    common: Annotated[
        bool,
        typer.Option("--common", help="Where the Runs were not scored on the same images, use those that all have."),
    ] = False,
    speed: Annotated[bool, typer.Option(help="Measure the images a second of each model file.")] = True,
) -> None:
    """Set Runs side by side: scores with intervals, cost, and which differences hold.

    A difference is tested by a paired bootstrap over the same images, copies
    of an image kept together. Runs that were not scored on the same images are
    refused; --common compares them on the images that all of them have.
    """
    from hemascope.cli._compare_show import compare_lines
    from hemascope.pipeline import compare as pipeline
    from hemascope.progress import Terminal
    from hemascope.report.compare import FILE_NAME
    from hemascope.terminal import Console

    with Terminal() as progress:
        found = pipeline.compare(
            runs, output=output, against=against, by=by, split=split, common=common, speed=speed, progress=progress
        )
    console = Console()
    for line in compare_lines(found):
        console.print(line, highlight=False)
    if output:
        console.print(f"Report: {output / FILE_NAME}", markup=False, highlight=False, soft_wrap=True)
