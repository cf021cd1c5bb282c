"""Draws one synthetic cell image with its ground truth."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears.background import spread, surround
from hemascope.data.smears.canvas import Canvas
from hemascope.data.smears.cell import lay
from hemascope.data.smears.morphology import DESCRIBE
from hemascope.data.smears.scene import Scene
from hemascope.data.smears.stain import develop, sample_light
from hemascope.errors import SourceError

_FINEST = 192  # pixels of the canvas at least: 0.1 µm each, about what an oil-immersion objective resolves
_SMALLEST = 16  # a platelet still covers a pixel


@dataclass(frozen=True)
class Smear:
    """A synthetic image of one blood cell.

    Attributes:
        image: uint8 RGB (size, size, 3).
        mask: bool (size, size), True on the pixels of the cell in the centre.
        label: its class name.
    """

    image: np.ndarray
    mask: np.ndarray
    label: str


def compose(seed: int, index: int) -> Scene:
    """What image ``index`` of the smear ``seed`` shows; classes take turns in the order of `BLOOD_CLASSES`.

    >>> compose(seed=0, index=7).cell.label
    'platelet'
    """
    if seed < 0 or index < 0:
        raise SourceError(f"synthetic smear: seed {seed}, index {index}", "Both start at 0: give none below.")
    rng = np.random.default_rng([seed, index])
    light = sample_light(rng)  # before the class is known to the generator: light cannot depend on it
    x, y = rng.normal(0, 0.3, 2)
    cell = replace(DESCRIBE[BLOOD_CLASSES[index % len(BLOOD_CLASSES)]](rng), x=x, y=y)
    return Scene(cell, surround(cell, rng), light, texture=(seed, index, 1))


def render(scene: Scene, size: int = 96) -> Smear:
    """Draw ``scene`` at ``size`` pixels a side, of `scene.FIELD`/``size`` µm each.

    Raises:
        SourceError: ``size`` is below 16 pixels.
    """
    if size < _SMALLEST:
        raise SourceError(f"synthetic smear: {size} pixels a side", f"Ask for {_SMALLEST} or more.")
    finer = ceil(_FINEST / size)
    canvas = Canvas.field(size * finer)
    rng = np.random.default_rng(scene.texture)
    layers = spread(scene.surroundings, canvas, rng)
    for other in scene.surroundings.others:
        lay(other, layers, canvas, rng)
    covered = lay(scene.cell, layers, canvas, rng)
    image = develop(layers, scene.light, canvas, size, rng)
    share = covered.reshape(size, finer, size, finer).mean((1, 3))
    return Smear(image, share > 0.5, scene.cell.label)


def draw(seed: int, index: int, size: int = 96) -> Smear:
    """Image ``index`` of the synthetic smear ``seed``: the same scene at every ``size``, every time.

    Processors that round floats differently may differ by a grey level here and there.

    Args:
        seed: which smear, 0 or more.
        index: which image of it, 0 or more; its class is ``BLOOD_CLASSES[index % 8]``.
        size: pixels a side, 16 or more.

    Raises:
        SourceError: an argument is below its bound.

    >>> smear = draw(seed=0, index=5)
    >>> smear.label, smear.image.shape, smear.image.dtype.name, smear.mask.shape
    ('monocyte', (96, 96, 3), 'uint8', (96, 96))
    """
    return render(compose(seed, index), size)
