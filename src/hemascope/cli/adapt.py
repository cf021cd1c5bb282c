"""Fit a model file to another laboratory by its unlabelled images."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.kinds import ANY


def adapt(
    model: Annotated[
        str, typer.Argument(help="A model file, a Run folder, or the name of a shipped model.", show_default=False)
    ],
    unlabelled: Annotated[
        list[str],
        typer.Option("--unlabelled", help=f"The laboratory's own. {ANY} May be repeated.", show_default=False),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The adapted file, .onnx.", show_default=False)],
    images: Annotated[int, typer.Option(min=32, help="At most so many images, drawn by seed.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of images.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="One a core where not given.", show_default=False)] = None,
) -> None:
    """Fit a model file to how large another laboratory's cells are in its pictures, without labels.

    Finds the zoom at which the model is surest of some hundred images and writes it into the file. Where none is
    clearly better, the file sees them as the original does. The images should be of all classes, as they come.
    """
    from rich.table import Table

    from hemascope.adapt.adapt import adapt
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        adaptation = adapt(model, unlabelled, output, images=images, seed=seed, threads=threads, progress=progress)
    console = Console(highlight=False)
    table = Table("", title=adaptation.heading, title_justify="left")
    table.add_column("Before", justify="right")
    table.add_column("After", justify="right")
    for row in adaptation.rows:
        table.add_row(*row)
    console.print(table)
    *unread, chosen = adaptation.lines
    for line in (*unread, f"Adapted file: {output}", chosen):
        console.say(line)
