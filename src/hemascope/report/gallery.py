"""Images as small pictures: the most confident mistakes inside the page, and contact sheets."""

import base64
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from hemascope.cells import title
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError
from hemascope.report.data_part import short_name
from hemascope.shown import percent

SIDE = 160
"""Longest side of a picture in pixels."""


Sees = Callable[[Sequence[np.ndarray]], list[str]]
"""Images uint8 (h, w, 3) to what is seen of each in a few words, as `hemascope.predict.prediction.appearances`."""


class Tile(NamedTuple):
    """One mistake: its picture (data URI, "" where the image is not at hand), what is said of it, its file."""

    picture: str
    true: str
    predicted: str
    confidence: str
    name: str
    place: str
    appearance: str


def tiles(mistakes: pd.DataFrame, sees: Sees | None = None) -> list[Tile]:
    """A tile a row of `hemascope.evaluate.predictions.confident_mistakes`, in its order."""
    rows = Manifest.build(list(mistakes["path"]), list(mistakes["true"]), [], members=list(mistakes["member"]))
    pictures: dict[int, str] = {}
    seen: dict[int, str] = {}
    for row, image in read_images(rows, 1):
        if not isinstance(image, DecodeError):
            pictures[row] = picture(image)
            seen[row] = "" if sees is None else sees([image])[0]
    return [
        Tile(
            pictures.get(place, ""),
            title(row["true"]),
            title(row["label"]),
            percent(row["confidence"]),
            short_name(row["path"], row["member"]).rpartition("/")[2],
            short_name(row["path"], row["member"]),
            seen.get(place, ""),
        )
        for place, (_, row) in enumerate(mistakes.iterrows())
    ]


def picture(image: np.ndarray, side: int = SIDE, quality: int = 85) -> str:
    """An image uint8 (h, w, 3) as a small JPEG, its longest side at most ``side``, in a data URI."""
    small = Image.fromarray(image)
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"


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
