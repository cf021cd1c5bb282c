"""Show what an augmentation policy does to images."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.kinds import ANY


def augment(
    source: Annotated[str, typer.Argument(help=ANY, show_default=False)],
    policy: Annotated[
        str, typer.Option("--policy", "-p", help="Name of a policy or a recipe; all: each operation alone.")
    ] = "wide",
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture to write: .png or .jpg.")] = Path("sheet.png"),
    images: Annotated[int, typer.Option(min=1, max=100, help="How many images, spread over the source.")] = 8,
    copies: Annotated[int, typer.Option(min=1, max=50, help="Augmented copies of each.")] = 8,
    size: Annotated[int, typer.Option(min=16, max=512, help="Side of an image in pixels.")] = 96,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other copies.")] = 0,
) -> None:
    """Draw a contact sheet: first the original, then augmented copies.

    --policy is fixed, wide, rand or none, or a recipe (a shipped one's name or a YAML file), whose key augment is
    shown. With --policy all there is a row for every operation, named, at its full strength.

    Example: hemascope augment synthetic --policy wide -o sheet.png
    """
    from hemascope.pipeline.augment import augment
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        sheet = augment(
            source, policy=policy, output=output, images=images, copies=copies, size=size, seed=seed, progress=progress
        )
    Console().print(f"Sheet: {sheet.path}", markup=False, highlight=False, soft_wrap=True)
