"""Fit a model file to another laboratory by its unlabelled images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from hemascope.adapt.adapt import Adaptation


def adapt(
    model: Annotated[
        str, typer.Argument(help="A model file, a Run folder, or the name of a shipped model.", show_default=False)
    ],
    unlabelled: Annotated[
        list[str],
        typer.Option("--unlabelled", help="Folder of the laboratory's images; may be repeated.", show_default=False),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The adapted file, .onnx.", show_default=False)],
    images: Annotated[int, typer.Option(min=32, help="At most so many images, drawn by seed.")] = 1000,
    prior: Annotated[
        float | None,
        typer.Option(min=0, help="Images that the training's statistics count as.", show_default="see docs/adapt.md"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of images.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="One a core where not given.", show_default=False)] = None,
) -> None:
    """Fit a model file to another laboratory's stain and camera by some hundred of its images, without labels.

    The images should be of all classes, as they come. Says how far they are from the training's images, what changed,
    and whether to use the file.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from hemascope.adapt.adapt import adapt as adapt_file
    from hemascope.adapt.adapt import advise
    from hemascope.adapt.refit import PRIOR

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        adaptation = adapt_file(
            model,
            unlabelled,
            output,
            limit=images,
            prior=PRIOR if prior is None else prior,
            seed=seed,
            threads=threads,
            progress=lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    console = Console(highlight=False, soft_wrap=True)
    console.print(table(adaptation))
    if adaptation.errors:
        console.print(
            f"Left out, because unreadable: {len(adaptation.errors):,}, first {adaptation.errors[0]}", markup=False
        )
    advice = advise(adaptation)
    console.print(f"Adapted file: {output}", markup=False)
    console.print(f"{'Advised' if advice.use else 'Not advised'}: {advice.reason}.", markup=False)


def table(adaptation: "Adaptation") -> "Table":
    """What changed, for an 80 column terminal."""
    from rich.table import Table

    from hemascope.cells import title

    words = Table(
        "", title=f"{adaptation.images:,} images, shift {adaptation.shift:.2f} (0 is none)", title_justify="left"
    )
    words.add_column("Before", justify="right")
    words.add_column("After", justify="right")
    words.add_row("Mean confidence", *(f"{value:.1%}" for value in adaptation.confidence))
    for name, before, after in zip(adaptation.classes, *adaptation.shares, strict=True):
        words.add_row(title(name), f"{before:.1%}", f"{after:.1%}")
    words.add_row("Same label", "", f"{adaptation.agreement:.1%}")
    return words
