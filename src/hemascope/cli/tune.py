"""Search the hyperparameters of a recipe: many short trainings."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli._cluster import GPUS, cores, place
from hemascope.data.kinds import LABELLED


def tune(
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")] = "standard",
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Of the search.", show_default=False)
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a key of the recipe.")
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, metavar="N", help="Trainings, beside one with the recipe's own values.")
    ] = 20,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, metavar="MINUTES", help="Begin no training after that time.", show_default=False),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Of each training.")] = 5,
    train_images: Annotated[int, typer.Option(min=2, metavar="N", help="Train each on about so many images.")] = 2000,
    val_images: Annotated[int, typer.Option(min=2, metavar="N", help="Score it on about so many.")] = 600,
    test_images: Annotated[
        int, typer.Option(min=2, metavar="N", help="Measure the winner on about so many others.")
    ] = 600,
    size: Annotated[int, typer.Option(min=16, metavar="PIXELS", help="Side of the images of the trials.")] = 64,
    pruner: Annotated[
        str, typer.Option(metavar="NAME", help="Ends poor ones early: median, halving, hyperband, none.")
    ] = "median",
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="HEMASCOPE_STORAGE",
            help="Database of the trials, that several processes may share: sqlite:///FILE or "
            "postgresql://USER:PW@HOST/NAME.",
            show_default="search.db in FOLDER",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the search in the database.", show_default="the recipe's name")
    ] = None,
    on: Annotated[str | None, place("trials")] = None,
    cores_each: Annotated[int | None, cores("trial")] = None,
    gpus_each: Annotated[float | None, GPUS] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="To train on: cpu, cuda, cuda:1, mps, auto.", show_default="auto")
    ] = None,
) -> None:
    """Search better values for the keys that a recipe names.

    The recipe's key `search` says which, and within what; without it, these are
    optimiser, learning rate, weight decay, dropout and label smoothing.

    Each trial is a short training, scored on val after every epoch; poor ones
    end early. The winner is measured against the recipe's own values on test
    images, which had no say. FOLDER gets recipe.yaml (the recipe with the
    winner's values), trials.csv, tuning.json and report.html.

    Ctrl-C or a crash loses at most one epoch: the same command goes on, a larger
    --trials extends the search, and several at once share it. With --on, the
    machines of a cluster train the trials; all must see FOLDER, none the database.
    """
    from hemascope.cli._tune_show import tune_lines
    from hemascope.pipeline import tune as pipeline
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        try:
            given = pipeline.tune(
                source,
                recipe,
                output=output,
                set=set_ or (),
                trials=trials,
                timeout=timeout,
                epochs=epochs,
                train_images=train_images,
                val_images=val_images,
                test_images=test_images,
                size=size,
                pruner=pruner,
                storage=storage,
                name=name,
                on=on,
                cores_each=cores_each,
                gpus_each=gpus_each,
                device=device,
                progress=progress,
            )
        except KeyboardInterrupt:
            progress.say("Stopped. The same command goes on; a smaller --trials reports what is there.")
            raise
    console = Console()
    for line in tune_lines(given.found):
        console.print(line)
    for line in (f"Report: {given.page}", f"Train with it: hemascope train SOURCE --recipe {given.recipe_file}"):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
