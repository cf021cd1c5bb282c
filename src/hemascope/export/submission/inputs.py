"""What the played evaluator feeds: the Run's own evaluated images as a challenge would give them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError
from hemascope.evaluate.predictions import FILE_NAME, Predictions

SIDE = 96
"""Of the challenge's images, pixels."""

_DRAWN = 32  # synthetic images where there are no others: enough for time and agreement


@dataclass(frozen=True)
class Inputs:
    """Images of the challenge's kind.

    Attributes:
        images: uint8 (m, 96, 96, 3), all different rows.
        predictions: what the Run said of the same images at their own size, row by row; None for synthetic ones.
    """

    images: np.ndarray
    predictions: Predictions | None

    def repeated(self, count: int) -> np.ndarray:
        """The images over and over until there are ``count``: uint8 (count, 96, 96, 3)."""
        return self.images[np.arange(count) % len(self.images)]


def collect(folder: Path | None, most: int) -> Inputs:
    """Read at most ``most`` of the images that a Run was scored on, framed to 96 pixels as training frames them.

    Args:
        folder: the Run; None, or one whose images are gone, gives synthetic ones.
        most: spread over all of them.
    """
    if folder is not None and (folder / FILE_NAME).is_file():
        predictions = Predictions.read(folder / FILE_NAME)
        places = np.unique(np.linspace(0, len(predictions) - 1, min(most, len(predictions))).round().astype(np.int64))
        chosen = predictions.rows(places)
        table = chosen.table
        rows = Manifest.build(list(table["path"]), list(table["true"]), chosen.classes, members=list(table["member"]))
        found = _framed(rows)
        if found:
            return Inputs(np.stack(list(found.values())), chosen.rows(np.array(list(found), np.int64)))
    drawn = open_source(f"synthetic:{_DRAWN}").rows(np.arange(min(most, _DRAWN)))
    return Inputs(np.stack(list(_framed(drawn).values())), None)


def _framed(rows: Manifest) -> dict[int, np.ndarray]:
    """Row -> image, without those that cannot be read."""
    read = map_images(rows, lambda image: frame(image, SIDE))
    return {row: image for row, image in read if not isinstance(image, DecodeError)}
