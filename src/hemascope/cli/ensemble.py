"""Join finished trainings in one model."""

from pathlib import Path
from typing import Annotated

import typer


def ensemble(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished trainings.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new Run.", show_default=False)],
    soup: Annotated[
        bool, typer.Option("--soup", help="Average weights instead of probabilities: as fast as one network.")
    ] = False,
) -> None:
    """Join finished trainings in one Run with scores, report.html and model.onnx.

    The model says the mean of the trainings' probabilities. With --soup it is
    one network with the mean of their weights, of those that raise its accuracy
    on the validation images; this wants trainings of one network that began
    with the same weights.

    All must have the same classes and the same validation and test images, so
    that no image scores what it trained.
    """
    from rich.console import Console

    from hemascope.cli._finish import tell
    from hemascope.evaluate.summary import read_metrics
    from hemascope.pipeline.ensemble import average
    from hemascope.pipeline.ensemble import soup as cook
    from hemascope.report.words import headline_split, interval, percent
    from hemascope.train.run import Run

    console = Console(highlight=False)
    if soup:
        run, found = cook(runs, output, console)
        names = ", ".join(str(runs[i]) for i in found.taken)
        console.print(f"The soup has {len(found.taken)} of {len(runs)}: {names}", markup=False, soft_wrap=True)
    else:
        run = average(runs, output, console)
    split = headline_split(read_metrics(run.metrics_file))
    for folder in (*runs, output):
        measured = read_metrics(Run(folder).metrics_file)["splits"].get(split)
        if measured:
            accuracy = measured["scores"]["accuracy"]
            line = f"{folder}: {percent(accuracy['value'])} ({interval(accuracy)}) on {split}"
            console.print(line, markup=False, soft_wrap=True)
    tell(run, console)
