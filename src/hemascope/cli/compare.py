"""Compare Runs on the same images, and say which differences hold."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of Runs, or of hemascope evaluate -o.", show_default=False)
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for compare.html, compare.md, compare.csv.", show_default=False),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Compare with this one instead of the best.", show_default=False)
    ] = None,
    by: Annotated[
        str, typer.Option(help="What to compare: accuracy, balanced_accuracy, f1, hidden or tta.")
    ] = "accuracy",
    split: Annotated[str, typer.Option(help="The split to compare on; test or, without one, val.")] = "",
    common: Annotated[
        bool, typer.Option("--common", help="Where the Runs were scored on other images, use those of all.")
    ] = False,
    speed: Annotated[bool, typer.Option(help="Measure the images a second of each model file.")] = True,
) -> None:
    """Set Runs side by side: scores with intervals, cost, and which differences hold.

    A difference is tested by a paired bootstrap over the same images, copies
    of an image kept together. Runs that were not scored on the same images are
    refused; --common compares them on the images that all of them have.
    """
    from rich.console import Console

    from hemascope.cli._compare_show import compare_lines
    from hemascope.errors import HemascopeError
    from hemascope.evaluate.compare.comparison import compare as compared
    from hemascope.evaluate.compare.contender import HIDDEN, TTA, names_of, read_contender
    from hemascope.evaluate.predictions import Predictions
    from hemascope.report.compare import TITLES, write_comparison
    from hemascope.report.words import headline_split

    if by not in (*TITLES, HIDDEN, TTA):
        raise HemascopeError(f"--by {by}: no such score", f"Choose from: {', '.join((*TITLES, HIDDEN, TTA))}.")
    folders = list({folder.resolve(): folder for folder in (*runs, *([against] if against else []))}.values())
    if len(folders) < 2:
        raise HemascopeError("there is nothing to compare: one Run is named", "Name two or more.")

    def choose(predictions: Predictions) -> str:
        return split or headline_split({"splits": predictions.splits}) or ""

    names = names_of(folders)
    console = Console()
    with Console(stderr=True).status("reading"):
        contenders = [read_contender(*part, choose, speed=speed) for part in zip(folders, names, strict=True)]
    named = dict(zip((folder.resolve() for folder in folders), names, strict=True))
    reference = named[against.resolve()] if against else None
    score = (by, "accuracy") if by in (HIDDEN, TTA) else ("clean", by)
    found = compared(contenders, against=reference, by=score, common=common)
    for line in compare_lines(found):
        console.print(line, highlight=False)
    if output:
        page = write_comparison(output, found)
        console.print(f"Report: {page}", markup=False, highlight=False, soft_wrap=True)
