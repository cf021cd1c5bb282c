"""Search augmentation strengths that gain on transformed images."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli._cluster import GPUS, cores, place
from hemascope.data.kinds import LABELLED


def tune_augment(
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")] = "standard",
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Of the search.", show_default=False)
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a key of the recipe.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings, beside one with the recipe's own policy.")] = 20,
    epochs: Annotated[int, typer.Option(min=1, help="Of each training.")] = 5,
    train_images: Annotated[int, typer.Option(min=2, help="Train each trial on about so many images.")] = 2000,
    val_images: Annotated[int, typer.Option(min=2, help="Score it on about so many.")] = 600,
    size: Annotated[int, typer.Option(min=16, metavar="PIXELS", help="Side of the images of the trials.")] = 64,
    copies: Annotated[int, typer.Option(min=1, help="Transformed copies of each image to score on.")] = 6,
    pseudo_policy: Annotated[
        str, typer.Option(help="What makes them: policies, recipes, shift, separated by commas.")
    ] = "wide,rand,shift",
    on: Annotated[str | None, place("trials")] = None,
    cores_each: Annotated[int | None, cores("trial")] = None,
    gpus_each: Annotated[float | None, GPUS] = None,
) -> None:
    """Search strengths of augmentation: short trainings, scored on clean images and on fixed transformed copies.

    The winner is best on the copies, and not worse on clean images than the recipe's own policy, which is trial 0. A
    search that was stopped goes on with the same command; a larger --trials extends it. The folder gets augment.yaml,
    recipe.yaml (the recipe with the chosen policy), trials.csv, sheet.png and report.html.
    """
    from hemascope.cli._tune_show import tune_augment_lines
    from hemascope.pipeline import tune_augment as pipeline
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        given = pipeline.tune_augment(
            source,
            recipe,
            output=output,
            set=set_ or (),
            trials=trials,
            train_images=train_images,
            val_images=val_images,
            epochs=epochs,
            size=size,
            copies=copies,
            pseudo_policy=pseudo_policy,
            on=on,
            cores_each=cores_each,
            gpus_each=gpus_each,
            progress=progress,
        )
    console = Console()
    for line in tune_augment_lines(given.found):
        console.print(line)
    console.print(f"Report: {given.page}", markup=False, highlight=False, soft_wrap=True)
