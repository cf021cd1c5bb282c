"""Search augmentation strengths that gain on transformed images."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.kinds import LABELLED


def tune_augment(
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the search.", show_default=False)],
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")] = "standard",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a key of the recipe.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings, beside one with the recipe's own policy.")] = 20,
    train_images: Annotated[int, typer.Option(min=2, help="Train each trial on about so many images.")] = 2000,
    val_images: Annotated[int, typer.Option(min=2, help="Score it on about so many.")] = 600,
    epochs: Annotated[int, typer.Option(min=1, help="Of each training.")] = 5,
    size: Annotated[int, typer.Option(min=16, help="Side of the images of the trials, pixels.")] = 64,
    copies: Annotated[int, typer.Option(min=1, help="Transformed copies of each image to score on.")] = 6,
    pseudo_policy: Annotated[
        str, typer.Option(help="What makes them: policies, recipes, shift, separated by commas.")
    ] = "wide,rand,shift",
) -> None:
    """Search strengths of augmentation: short trainings, scored on clean images and on fixed transformed copies.

    Wins what is best on the copies and not worse on clean images than the recipe's own policy, which is trial 0. A
    search that was stopped goes on with the same command; a larger --trials extends it. The folder gets augment.yaml,
    recipe.yaml (the recipe with the chosen policy), trials.csv, sheet.png and report.html.
    """
    from PIL import Image
    from rich.console import Console

    from hemascope.augment.sheet import policy_sheet
    from hemascope.cli._tune_show import trial_line, tuning_lines
    from hemascope.evaluate.pseudo.transforms import choose_transforms
    from hemascope.evaluate.tune_augment.search import tune_augment as search
    from hemascope.evaluate.tune_augment.trial import Reference
    from hemascope.files import atomic
    from hemascope.pipeline.short_parts import read_parts
    from hemascope.progress import Terminal
    from hemascope.report.tune_augment import write_tuning_report
    from hemascope.train.recipe_files import load_recipe, write_recipe

    console = Console()
    chosen = load_recipe(recipe, set_ or [])
    transforms = choose_transforms(pseudo_policy)
    small = chosen.model_copy(update={"input_size": size})
    with Terminal() as reading:
        classes, parts = read_parts(source, small, train=train_images, val=val_images, progress=reading)
    seed = chosen.seed
    test = Reference(parts["test"], classes, transforms, copies, seed + 1) if "test" in parts else None
    found = search(
        output,
        chosen,
        parts["train"],
        Reference(parts["val"], classes, transforms, copies, seed),
        trials=trials,
        epochs=epochs,
        size=size,
        settings={
            "source": source,
            "train_images": train_images,
            "val_images": val_images,
            "copies": copies,
            "pseudo_policy": pseudo_policy,
        },
        check=test,
        on_trial=lambda number, hits: trial_line(console, number, hits),
    )
    found.write(output)
    write_recipe(chosen.model_copy(update={"augment": found.chosen.policy}), output / "recipe.yaml")
    images = parts["val"].images
    sheet = policy_sheet(images[:: max(1, len(images) // 6)][:6], found.chosen.policy, copies=8)
    with atomic(output / "sheet.png") as temporary:
        Image.fromarray(sheet).save(temporary)
    for line in tuning_lines(found):
        console.print(line)
    page = write_tuning_report(output, found, sheet, source)
    console.print(f"Report: {page}", markup=False, highlight=False, soft_wrap=True)
