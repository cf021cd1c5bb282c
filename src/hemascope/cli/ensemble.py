"""Join finished trainings in one model."""

from pathlib import Path
from typing import Annotated

import typer


def ensemble(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished trainings.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Of the new Run.", show_default=False)
    ],
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
    from hemascope.cli._finish import tell
    from hemascope.pipeline.ensemble import ensemble as join
    from hemascope.progress import Terminal
    from hemascope.shown import with_interval
    from hemascope.terminal import Console

    with Terminal() as progress:
        found = join(runs, output, soup=soup, progress=progress)
    lines = []
    if found.soup:
        names = ", ".join(str(runs[i]) for i in found.soup.taken)
        lines.append(f"The soup has {len(found.soup.taken)} of {len(runs)}: {names}")
    for row in found.accuracies.to_dict("records"):
        said = with_interval((row["value"], row["low"], row["high"]))
        lines.append(f"{row['run']}: {said} on {row['split']}")
    for line in lines:
        Console().say(line)
    tell(found.run)
