"""A slide of squares of which the truth is known, and files of it."""

from pathlib import Path

import numpy as np
import tifffile

from hemascope.fields.slides.windows import SIDE
from tests.fields.toy import BACKGROUND, grid

SQUARE = 52
"""Pixels across red squares: 13 times 4."""

APERIO = "Aperio Image Library v11\r\n{w}x{h} [0,0 {w}x{h}] (256x256) JPEG/RGB Q=70|AppMag = 40|MPP = 0.144"


def drawn() -> np.ndarray:
    """Two windows down and two across: cells over all borders, the last blank, the one before thick."""
    height, width = SIDE + 700, SIDE + 900
    slide = np.full((height, width, 3), BACKGROUND, np.uint8)
    squares = [(kind, 4 * x + 12, 4 * y + 12, 4 * side) for kind, x, y, side in grid(SIDE // 4, width // 4)]
    for kind, x, y, side in squares:
        if y + side < SIDE - 20:
            top, left = round(y - side / 2), round(x - side / 2)
            channel = ("white", "red", "platelet").index(kind)
            slide[top : top + side, left : left + side, channel] = 30
            slide[top : top + side, left : left + side, 1] = min(150, slide[top, left, 1])
    slide[SIDE:, :SIDE] = (150, 90, 110)
    return slide


def write_pyramid(path: Path, slide: np.ndarray, *, description: str = "", subifds: bool = False, **options) -> Path:
    """Write a slide at three levels, in tiles."""
    about = {"tile": (256, 256), "photometric": "rgb", "metadata": None, "compression": "deflate", **options}
    with tifffile.TiffWriter(path) as file:
        file.write(slide, subifds=2 if subifds else 0, description=description or None, **about)
        for step in (4, 16):
            file.write(slide[::step, ::step], subfiletype=1, **about)
    return path
