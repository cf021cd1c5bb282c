"""Small pictures of fields and of cells, also of fields that are larger than the memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from hemascope.files import atomic

_BLOCK = 2048
"""Side of what is read of a large field at once; about, in pixels."""


class Pixels(Protocol):
    """The pixels of a field: an array uint8 (h, w, 3), or what gives parts of one when it is sliced, as of a slide."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and 3."""

    def __getitem__(self, part: Any, /) -> np.ndarray:
        """``[top:bottom, left:right]`` as uint8."""


class Deferred:
    """The pixels of a field that are read when a part of them is first wanted, and then kept.

    Args:
        height, width: of the field.
        read: gives it, uint8 (h, w, 3).
    """

    def __init__(self, height: int, width: int, read: Callable[[], np.ndarray]) -> None:
        self.shape = (height, width, 3)
        self._read = read
        self._pixels: np.ndarray | None = None

    def __getitem__(self, part: Any, /) -> np.ndarray:
        return self.whole[part]

    @property
    def whole(self) -> np.ndarray:
        """All of them."""
        if self._pixels is None:
            self._pixels = self._read()
        return self._pixels


def shrunk(pixels: Pixels, longest: int) -> tuple[Image.Image, float]:
    """A field with no side above ``longest`` pixels, and its pixels per pixel of the field, 0 .. 1.

    >>> picture, scale = shrunk(np.zeros((300, 400, 3), np.uint8), 200)
    >>> picture.size, scale
    ((200, 150), 0.5)
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if height * width <= _BLOCK * _BLOCK:
        whole = Image.fromarray(np.ascontiguousarray(pixels[0:height, 0:width]))
        return whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0), scale
    step = max(1, math.floor(1 / scale))
    small = Image.new("RGB", (-(-width // step), -(-height // step)))
    block = max(step, _BLOCK // step * step)
    for top in range(0, height, block):
        for left in range(0, width, block):
            part = Image.fromarray(np.ascontiguousarray(pixels[top : top + block, left : left + block]))
            small.paste(part.reduce(step), (left // step, top // step))
    return small.resize(size, Image.Resampling.LANCZOS), scale


def square(pixels: Pixels, centre: tuple[float, float], side: float) -> np.ndarray:
    """A square of a field around a point; it is moved into the field where it would reach beyond an edge.

    Args:
        pixels: of the field.
        centre: x and y of the middle.
        side: in pixels, rounded; at least 1, and at most the field's.

    Returns:
        uint8 (side, side, 3).

    >>> square(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), (0.0, 2.0), 2)[..., 0].tolist()
    [[12, 15], [24, 27]]
    """
    height, width = pixels.shape[:2]
    length = max(1, min(round(side), height, width))
    left, top = (
        min(max(0, round(middle - length / 2)), whole - length)
        for middle, whole in zip(centre, (width, height), strict=True)
    )
    return np.asarray(pixels[top : top + length, left : left + length])


def save_jpeg(picture: Image.Image, path: Path, quality: int = 85) -> None:
    """Write a picture as JPEG, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    with atomic(path) as temporary:
        picture.save(temporary, "JPEG", quality=quality, optimize=True)
