"""Pictures that are none of the classes, made from the training images and from nothing: for outlier exposure."""

from collections.abc import Callable, Sequence

import numpy as np

from hemascope.data.foreign.drawings import drawing, writing
from hemascope.data.foreign.fields import corner, empty_field
from hemascope.data.foreign.overlays import damaged, overlay
from hemascope.data.foreign.textures import texture
from hemascope.data.framing import frame


def strangers(pictures: Sequence[np.ndarray], count: int, size: int, seed: int) -> np.ndarray:
    """Made pictures of which none shows a whole cell in its middle.

    A third are corners of the training pictures, enlarged: ground and red cells. The others are blank fields,
    drawings, text, textures, such things laid over cells, and cells damaged beyond use.

    Args:
        pictures: training pictures before framing, uint8 (h, w, 3) each, with the cell in the middle.
        count: how many to make.
        size: side of the result in pixels.
        seed: the same seed makes the same pictures.

    Returns:
        uint8 (count, size, size, 3).
    """
    rng = np.random.default_rng(seed)

    def picture() -> np.ndarray:
        return pictures[int(rng.integers(len(pictures)))]

    def cell() -> np.ndarray:
        return frame(picture(), size)

    def something() -> np.ndarray:
        return (drawing, writing, texture)[int(rng.integers(3))](rng, size)

    kinds: tuple[Callable[[], np.ndarray], ...] = (
        lambda: corner(picture(), rng, size),
        lambda: corner(picture(), rng, size),
        lambda: corner(picture(), rng, size),
        lambda: empty_field(rng, size),
        lambda: drawing(rng, size),
        lambda: texture(rng, size),
        lambda: writing(rng, size),
        lambda: overlay(cell(), something(), rng),
        lambda: damaged(cell(), rng),
    )
    return np.stack([kinds[i % len(kinds)]() for i in range(count)])
