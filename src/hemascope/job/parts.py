"""The parts of a data set: which rows they have, and their images in memory."""

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError, RunError
from hemascope.train.fit import Part

_SOME = 32


def part(manifest: Manifest, images: np.ndarray, split_name: str) -> Part:
    """The images, uint8 (n, size, size, 3) row by row those of the Manifest, and class numbers of one part.

    Raises:
        RunError: it has none.
    """
    chosen = mask(manifest, split_name)
    if not chosen.any():
        raise RunError(
            f"{manifest.name or 'the source'} leaves no image in its {split_name} part",
            "Give more images or other fractions (--set fractions=[0.8,0.1,0.1]).",
        )
    return Part(images[chosen], manifest.targets()[chosen])


def mask(manifest: Manifest, split_name: str) -> np.ndarray:
    """True, bool (n,), for the rows of a part that can be trained on or scored."""
    known = manifest.table["label"].isin(manifest.classes)
    return (manifest.usable & known & (manifest.table["split"] == split_name)).to_numpy()


def evaluated_part(manifest: Manifest) -> str:
    """The name of the part to show a model pictures of: val, else test, else train."""
    return next(name for name in ("val", "test", "train") if name == "train" or mask(manifest, name).any())


def some_images(manifest: Manifest, split_name: str, count: int = _SOME) -> list[np.ndarray]:
    """About ``count`` pictures of a part as they are, uint8 (h, w, 3) each, from all over it."""
    rows = np.flatnonzero(mask(manifest, split_name))
    chosen = rows[:: max(1, len(rows) // count)][:count]
    return [image for _, image in read_images(manifest.rows(chosen)) if not isinstance(image, DecodeError)]
