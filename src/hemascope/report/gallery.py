"""The most confident mistakes as small pictures inside the page."""

import base64
import io
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from hemascope.cells import title
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError
from hemascope.report.data_part import short_name
from hemascope.report.words import percent

SIDE = 160
"""Longest side of a picture in pixels."""


class Tile(NamedTuple):
    """One mistake: its picture (data URI, "" where the image is not at hand), what is said of it, its file."""

    picture: str
    true: str
    predicted: str
    confidence: str
    name: str
    place: str


def tiles(mistakes: pd.DataFrame) -> list[Tile]:
    """A tile a row of `hemascope.evaluate.predictions.confident_mistakes`, in its order."""
    rows = Manifest.build(list(mistakes["path"]), list(mistakes["true"]), [], members=list(mistakes["member"]))
    pictures = {row: "" if isinstance(image, DecodeError) else picture(image) for row, image in read_images(rows, 1)}
    return [
        Tile(
            pictures.get(place, ""),
            title(row["true"]),
            title(row["label"]),
            percent(row["confidence"]),
            short_name(row["path"], row["member"]).rpartition("/")[2],
            short_name(row["path"], row["member"]),
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
