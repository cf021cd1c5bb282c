"""A picture of what an augmentation policy does to images."""

import base64
import html
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.augment.sheet import operations_sheet, policy_sheet
from hemascope.data.pixels import load_pixels
from hemascope.data.remote.delivery import here
from hemascope.data.sources import open_source
from hemascope.errors import HemascopeError, SourceError
from hemascope.files import atomic
from hemascope.progress import SILENT, Progress
from hemascope.seeds import check_seed
from hemascope.train.recipe_files import load_policy

ALL = "all"
"""Stands for every operation alone, at its full strength."""


@dataclass(frozen=True)
class Sheet:
    """A contact sheet; a notebook shows the picture.

    Attributes:
        path: of the picture.
    """

    path: Path

    def _repr_html_(self) -> str:
        kind = "png" if self.path.suffix.lower() == ".png" else "jpeg"
        data = base64.b64encode(self.path.read_bytes()).decode("ascii")
        return f'<img alt="{html.escape(self.path.name)}" src="data:image/{kind};base64,{data}">'


def augment(
    source: str | Path,
    *,
    policy: str = "wide",
    output: str | Path = "sheet.png",
    images: int = 8,
    copies: int = 8,
    size: int = 96,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Sheet:
    """Draw a contact sheet: a row an image, first the original, then augmented copies.

    Args:
        source: as `hemascope.data.sources.open_source` reads it.
        policy: name of a policy; of a recipe or its file, whose key augment is shown; or all: a row an operation,
            named, at its full strength.
        output: the picture, .png or .jpg.
        images: how many, spread over the source.
        copies: of each.
        size: side of an image in pixels.
        seed: another one draws other copies.
        progress: told of a source that is fetched.

    Raises:
        HemascopeError: a source, policy or output that cannot be used; nothing is written then.

    >>> import tempfile
    >>> augment("synthetic:8", output=Path(tempfile.mkdtemp()) / "sheet.png", images=2, copies=2).path.name
    'sheet.png'
    """
    check_seed(seed)
    output = here(output)
    if output.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise HemascopeError(f"{output}: a sheet is a .png or .jpg", "Change the name after -o.")
    chosen = None if policy == ALL else load_policy(policy, also=(ALL,))
    manifest = open_source(source, unlabelled=True, progress=progress)
    places = np.unique(np.linspace(0, len(manifest) - 1, min(images, len(manifest))).round().astype(int))
    pixels = load_pixels(manifest.rows(places), size)
    shown = pixels.images[(pixels.manifest.table["error"] == "").to_numpy()]
    if not len(shown):
        raise SourceError(f"{source}: none of the {len(places)} images chosen can be read", "Look at the source.")
    picture = operations_sheet(shown, copies, seed) if chosen is None else policy_sheet(shown, chosen, copies, seed)
    with atomic(output) as temporary:
        Image.fromarray(picture).save(temporary, quality=88)
    return Sheet(output)
