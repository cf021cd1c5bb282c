"""Whatever a caller calls an image, as pixels."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from hemascope.data.decode import decode, decode_array, decode_picture
from hemascope.errors import DecodeError

Picture: TypeAlias = str | Path | bytes | np.ndarray | Image.Image
"""One image: a file's path, its encoded bytes, uint8 pixels (h, w, 3), or a Pillow image."""


def pixels(picture: Picture, name: str = "") -> np.ndarray:
    """Decode one image.

    Args:
        picture: a path, encoded bytes, a Pillow image, or uint8 pixels (h, w), (h, w, 1), (h, w, 3), (h, w, 4).
        name: what errors call it; a path names itself.

    Returns:
        uint8 (h, w, 3), RGB, 0 .. 255.

    Raises:
        DecodeError: it cannot be read, or is no image.

    >>> pixels(np.zeros((4, 5), np.uint8)).shape
    (4, 5, 3)
    """
    if isinstance(picture, str | Path | bytes):
        return decode(picture, name=name)
    if isinstance(picture, bytearray | memoryview):
        return decode(bytes(picture), name=name)
    name = name or "image"
    if isinstance(picture, np.ndarray):
        return decode_array(picture, name)
    if isinstance(picture, Image.Image):
        return decode_picture(picture, name)
    raise DecodeError(
        f"{name}: {type(picture).__name__} is not an image", "Give a path, bytes, a Pillow image or a uint8 array."
    )
