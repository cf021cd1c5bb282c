"""Images side by side with captions, as one picture."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP, _LETTERS = 4, 11
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


def contact_sheet(images: np.ndarray, captions: Sequence[str] = (), columns: int = 8) -> np.ndarray:
    """Lay images out in rows.

    Args:
        images: uint8 (n, side, side, 3).
        captions: one an image, shown below it and cut to its width; none for a sheet without.
        columns: images a row.

    Returns:
        uint8 (height, width, 3).

    >>> contact_sheet(np.zeros((5, 32, 32, 3), np.uint8), columns=4).shape
    (76, 148, 3)
    """
    side = images.shape[1]
    font = ImageFont.load_default(_LETTERS)
    height = side + _GAP + (_LETTERS + _GAP if captions else 0)
    columns = max(1, min(columns, len(images)))
    paper = Image.new("RGB", (_GAP + columns * (side + _GAP), _GAP + -(-len(images) // columns) * height), _PAPER)
    pen = ImageDraw.Draw(paper)
    for place, image in enumerate(images):
        left, top = _GAP + place % columns * (side + _GAP), _GAP + place // columns * height
        paper.paste(Image.fromarray(image), (left, top))
        if captions:
            pen.text((left, top + side + 1), _cut(captions[place], font, side), fill=_INK, font=font)
    return np.asarray(paper)


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text
