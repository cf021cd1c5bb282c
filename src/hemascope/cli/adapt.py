"""Fit a model file to another laboratory by some of its images."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.kinds import ANY
from hemascope.predict.devices import HELP as DEVICE


def adapt(
    model: Annotated[
        str, typer.Argument(help="A model file, a Run folder, or the name of a shipped model.", show_default=False)
    ],
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(
            "--unlabelled",
            metavar="SOURCE",
            help=f"Of the laboratory; may be given again. {ANY}",
            show_default=False,
        ),
    ] = None,
    labelled: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="5 to 500 labelled cells of the laboratory: class folders, a CSV or another source.",
            show_default=False,
        ),
    ] = None,
    to_label: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With both: write which of the unlabelled to label next, a CSV, and a page beside it.",
            show_default=False,
        ),
    ] = None,
    pixel_size: Annotated[
        float | None,
        typer.Option(
            metavar="µM",
            help="Of the unlabelled images, where it is known, such as 0.1: it tells the zoom.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The adapted file, .onnx.")] = Path("adapted.onnx"),
    images: Annotated[
        int | None,
        typer.Option(
            min=32,
            help="Look at so many of the unlabelled at most.",
            show_default="200, or 400 beside labelled ones",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of these.")] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Images worked on at a time.", show_default="one a core")
    ] = None,
    device: Annotated[str | None, typer.Option(help=DEVICE, show_default=False)] = None,
) -> None:
    """Fit a model file to another laboratory by some hundred of its images without labels, or by some with labels.

    Without labels it finds the zoom at which the model is surest of the images and writes it into the file. Where none
    is clearly better, the file sees them as the original does. (--pixel-size tells the zoom instead.) And where turned
    cells are called otherwise than the cell itself, its head is fitted to the mean of some views. The images should be
    of all classes, as they come.

    With --labelled the head is refitted to these cells, new classes among them, and held by what the file remembers of
    its own. Estimates by cross-validation what that is worth; a file that is not better is not written. With both, the
    unlabelled cells choose the zoom and help the labelled ones: the more of them, the better.
    """
    from rich.table import Table

    from hemascope.pipeline.adapt import SHEET, adapt
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        adaptation = adapt(
            model,
            unlabelled,
            output,
            labelled=labelled,
            to_label=to_label,
            pixel_size=pixel_size,
            images=images,
            seed=seed,
            threads=threads,
            device=device,
            progress=progress,
        )
    console = Console(highlight=False)
    table = Table("", title=adaptation.heading, title_justify="left")
    table.add_column("Before", justify="right")
    table.add_column("After", justify="right")
    for row in adaptation.rows:
        table.add_row(*row)
    console.print(table)
    next_cells = (
        [] if to_label is None else [f"Cells to label next: {to_label}, as a page: {to_label.with_suffix(SHEET)}"]
    )
    for line in (*adaptation.lines, f"Adapted file: {output}", *next_cells):
        console.say(line)
