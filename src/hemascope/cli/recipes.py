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
    from hemascope.train.recipe_files import as_yaml, load_recipe, shipped

    console = Console(highlight=False)
    if name is not None:
        console.print(as_yaml(load_recipe(name)), markup=False)
        return
    for recipe, about in shipped().items():
        console.print(f"[bold]{recipe}[/bold]")
        for line in about.splitlines():
            console.print(Padding(Text(line), (0, 0, 0, 2)))
