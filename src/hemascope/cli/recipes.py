"""List the shipped recipes: what each does, costs and scores."""

from typing import Annotated

import typer


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show every key of this recipe.", show_default=False)] = None,
) -> None:
    """List the shipped recipes, or show one with every key."""
    from rich.padding import Padding
    from rich.text import Text

    from hemascope.terminal import Console
    from hemascope.train.detector.recipe import DetectorRecipe
    from hemascope.train.recipe_files import TRAIN_DETECTOR, as_yaml, load_as, load_recipe, shipped

    console = Console(highlight=False)
    of_detectors = shipped(TRAIN_DETECTOR)
    if name is not None:
        read = load_as(DetectorRecipe, name, command=TRAIN_DETECTOR) if name in of_detectors else load_recipe(name)
        console.print(as_yaml(read), markup=False)
        return
    for recipe, about in (shipped() | of_detectors).items():
        console.print(f"[bold]{recipe}[/bold]")
        for line in about.splitlines():
            console.print(Padding(Text(line), (0, 0, 0, 2)))
