"""Fields drawn for tests: discs on a pale ground, in boxes."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from hemascope.data.annotations.fields import LabelledField

INKS = ((90, 40, 140), (220, 120, 110), (150, 90, 170))


def drawn_field(folder: Path, name: str, seed: int = 0, cells: int = 6, side: int = 160) -> LabelledField:
    """A field of cells of all kinds, red ones 24 pixels across."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (side, side), (235, 230, 225))
    pen = ImageDraw.Draw(picture)
    boxes, kinds = [], []
    for number in range(cells):
        kind = number % 3
        half = (22, 12, 5)[kind]
        x, y = random.uniform(half, side - half, 2)
        boxes.append((x - half, y - half, x + half, y + half))
        kinds.append(kind)
        pen.ellipse(boxes[-1], fill=INKS[kind])
    path = folder / f"{name}.png"
    picture.save(path)
    return LabelledField(name, path, np.array(boxes, np.float32), np.array(kinds), (True, True, True), "drawn")
