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
    import numpy as np
    from PIL import Image
    from rich.console import Console

    from hemascope.augment.sheet import operations_sheet, policy_sheet
    from hemascope.data.pixels import load_pixels
    from hemascope.data.sources import open_source
    from hemascope.errors import HemascopeError, SourceError
    from hemascope.files import atomic
    from hemascope.train.recipe_files import load_policy

    if output.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise HemascopeError(f"{output}: a sheet is a .png or .jpg", "Change the name after -o.")
    chosen = None if policy == "all" else load_policy(policy, also=("all",))
    manifest = open_source(source, unlabelled=True)
    places = np.unique(np.linspace(0, len(manifest) - 1, min(images, len(manifest))).round().astype(int))
    pixels = load_pixels(manifest.rows(places), size)
    shown = pixels.images[(pixels.manifest.table["error"] == "").to_numpy()]
    if not len(shown):
        raise SourceError(f"{source}: none of the {len(places)} images chosen can be read", "Look at the source.")
    picture = operations_sheet(shown, copies, seed) if chosen is None else policy_sheet(shown, chosen, copies, seed)
    with atomic(output) as temporary:
        Image.fromarray(picture).save(temporary, quality=88)
    Console().print(f"Sheet: {output}", markup=False, highlight=False, soft_wrap=True)
