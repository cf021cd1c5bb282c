"""The labelled images that pseudo-validation transforms, in memory."""

from collections.abc import Callable

import numpy as np

from hemascope.data.limit import limited
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.errors import SourceError

SIDE = 128
"""Images are framed to so many pixels where nothing else is asked for, so that models of any size can be compared."""


def labelled_pixels(
    source: Manifest,
    classes: tuple[str, ...],
    *,
    side: int = SIDE,
    images: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Read and frame the images whose label is one of the classes.

    Args:
        source: the images.
        classes: of the model.
        side: of the framed images, pixels.
        images: about so many, drawn by seed so that every class keeps its share; all where not given.
        seed: of the draw.
        progress: called with the images read and their number.

    Returns:
        Images uint8 (n, side, side, 3) and class numbers int64 (n,); unreadable ones are left out.

    Raises:
        SourceError: none can be used.
    """
    rows = limited(source.rows(source.usable & source.table["label"].isin(classes)), images, seed=seed)
    pixels = load_pixels(rows, side, progress=progress) if len(rows) else None
    read = (pixels.manifest.table["error"] == "").to_numpy() if pixels else np.zeros(0, bool)
    if pixels is None or not read.any():
        raise SourceError(
            f"{source.name or 'the source'}: none of its images has a label that the model knows and can be read",
            "Pseudo-validation needs labelled images.",
        )
    numbers = {name: i for i, name in enumerate(classes)}
    return pixels.images[read], rows.table["label"].map(numbers).to_numpy(np.int64)[read]
