"""A labelled contact sheet of synthetic smears."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hemascope.cells import BLOOD_CLASSES, CELLS
from hemascope.data.smears.paint import draw
from hemascope.errors import SourceError

_GAP = 4
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


def sheet(seed: int = 0, per_class: int = 8, size: int = 96) -> np.ndarray:
    """Draw ``per_class`` images of each class: uint8 RGB (height, width, 3), a row a class under its title.

    Raises:
        SourceError: ``per_class`` is below 1, or ``size`` or ``seed`` out of bounds.

    >>> sheet(per_class=2, size=28).dtype.name
    'uint8'
    """
    if per_class < 1:
        raise SourceError(f"contact sheet: {per_class} images a class", "Ask for 1 or more.")
    letters = max(10, min(size // 6, 20))
    font = ImageFont.load_default(letters)
    heading = letters + 2 * _GAP
    widest = max(int(font.getlength(cell.title)) for cell in CELLS) + 2 * _GAP
    width = max(per_class * (size + _GAP) + _GAP, widest)
    paper = Image.new("RGB", (width, len(CELLS) * (heading + size + _GAP)), _PAPER)
    pen = ImageDraw.Draw(paper)
    for row, cell in enumerate(CELLS):
        top = row * (heading + size + _GAP)
        pen.text((_GAP, top + _GAP), cell.title, fill=_INK, font=font)
        for column in range(per_class):
            smear = draw(seed, column * len(BLOOD_CLASSES) + row, size)
            paper.paste(Image.fromarray(smear.image), (_GAP + column * (size + _GAP), top + heading))
    return np.asarray(paper)
