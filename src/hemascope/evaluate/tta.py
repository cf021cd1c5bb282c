"""Test-time augmentation: a model that judges several views of an image and averages what it says of them."""

import numpy as np

from hemascope.evaluate.score_model import Model

_MARGINS = (0.0, 0.06, -0.06, 0.12, -0.12)
"""Cut from (or, below 0, added to) the square, as share of its side: the zoom of each block of eight views."""

MOST = 8 * len(_MARGINS)
"""So many views at most."""


class TtaModel:
    """A model behind a model: probabilities averaged over views of every image.

    The first view is the image as it is. Up to eight are the turns and mirror images of the centred square that the
    model sees anyway, which show the same cell in another position; further ones are these again, zoomed by 6% or 12%.

    Args:
        model: judges every view.
        steps: number of views, 1 .. `MOST`. The cost grows with it.

    >>> class Mean:
    ...     classes = ("dark", "light")
    ...     def probabilities(self, images):
    ...         light = images.mean(axis=(1, 2, 3)) / 255
    ...         return np.stack([1 - light, light], axis=1)
    >>> TtaModel(Mean(), 8).probabilities(np.full((2, 9, 12, 3), 255, np.uint8)).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """

    def __init__(self, model: Model, steps: int) -> None:
        if not 1 <= steps <= MOST:
            raise ValueError(f"{steps} views are not between 1 and {MOST}")
        self.model = model
        self.steps = steps

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the k classes."""
        return self.model.classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Mean over the views of the model's probabilities, float32 (n, k), of images uint8 (n, h, w, 3)."""
        total = sum(self.model.probabilities(view(images, step)).astype(np.float64) for step in range(self.steps))
        return (np.asarray(total) / self.steps).astype(np.float32)


def view(images: np.ndarray, step: int) -> np.ndarray:
    """View number ``step`` (0: as they are) of images uint8 (n, h, w, 3).

    Returns:
        uint8 (n, h', w', 3); from step 1 on a square.
    """
    if step == 0:
        return images
    block, position = divmod(step, 8)
    squares = _zoomed(_centred_square(images), _MARGINS[block])
    # The plain turns and mirrors take turns, so that few views already hold both.
    mirrored, quarters = position % 2, (0, 2, 1, 3)[position // 2]
    if mirrored:
        squares = squares[:, :, ::-1]
    return np.ascontiguousarray(np.rot90(squares, quarters, axes=(1, 2)))


def _centred_square(images: np.ndarray) -> np.ndarray:
    """The square that `hemascope.data.framing` sees, whose centre a turn would otherwise move by a pixel."""
    height, width = images.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, top : top + side, left : left + side]


def _zoomed(squares: np.ndarray, margin: float) -> np.ndarray:
    """Squares whose border is cut off or continued by reflection; the model's framing does the resizing."""
    pixels = round(abs(margin) / 2 * squares.shape[1])
    if not pixels:
        return squares
    if margin > 0:
        return squares[:, pixels:-pixels, pixels:-pixels]
    return np.pad(squares, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
