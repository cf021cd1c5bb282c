"""Search the hyperparameters of a recipe: many short trainings."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.kinds import LABELLED


def tune(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe or a YAML file.", show_default=False)],
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the search.", show_default=False)
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
) -> None:
    """Search better values for the keys that a recipe names.

    The recipe's key `search` says which, and within what; without it, these are
    optimiser, learning rate, weight decay, dropout and label smoothing.

    Each trial is a short training, scored on val after every epoch; poor ones
    end early. The winner is measured against the recipe's own values on test
    images, which had no say. FOLDER gets recipe.yaml (the recipe with the
    winner's values), trials.csv, tuning.json and report.html.

    Ctrl-C or a crash loses at most one epoch: the same command goes on, a larger
    --trials extends the search, and several at once share it.
    """
    from rich.console import Console

    from hemascope.cli._tune_show import SearchProgress, search_lines
    from hemascope.evaluate.tune.result import RECIPE_NAME
    from hemascope.evaluate.tune.search import Tuner
    from hemascope.pipeline.short_parts import read_parts
    from hemascope.progress import Terminal
    from hemascope.report.tune import write_search_report
    from hemascope.train.recipe_files import load_recipe

    console = Console()
    chosen = load_recipe(recipe, set_ or [])
    counts = {"train": train_images, "val": val_images, "test": test_images}
    tuner = Tuner(
        output,
        chosen,
        epochs=epochs,
        size=size,
        pruner=pruner,
        settings={"source": source, "images": counts},
        storage=storage,
        name=name or chosen.name,
    )
    with Terminal() as reading:
        classes, parts = read_parts(source, tuner.space.recipe, **counts, progress=reading)
    try:
        with SearchProgress(console, chosen.early_stopping.monitor) as progress:
            found = tuner.run(
                classes,
                parts,
                trials=trials,
                minutes=timeout,
                on_epoch=progress.epoch,
                on_trial=progress.trial,
                on_wait=progress.wait,
            )
    except KeyboardInterrupt:
        console.print("\nStopped. The same command goes on; a smaller --trials reports what is there.")
        raise
    found.write(output)
    for line in search_lines(found):
        console.print(line)
    page = write_search_report(output, found, source)
    for line in (f"Report: {page}", f"Train with it: hemascope train SOURCE --recipe {output / RECIPE_NAME}"):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
