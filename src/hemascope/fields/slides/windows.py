"""Windows of a slide: where they lie, at which level, and which of them are blank or thick.

A window answers for its core, and a cell belongs to the window in whose core its centre lies: cores adjoin, and windows
reach beyond them, so that no cell at a core's border is seen by half.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from hemascope.fields.slides.slide import Level, Slide

SIDE = 2048
"""Pixels along a side of a window's core."""

MARGIN = 192
"""Pixels that a window reaches beyond its core: half of the largest cells, some 25 µm, where red ones are 115 wide."""

RED_CELL = 7.5
"""Micrometres across a red cell."""

RED_WIDTHS = (40.0, 120.0)
"""Pixels across red cells at which a slide is read, where it has such a level."""

SMALL = 16
"""Pixels of the level, at the most, for one of the picture by which a window is judged."""

LIGHT = 0.85
"""A pixel is background from this share of the slide's light on."""

FEWEST = 0.0005
"""Share of a window's pixels that are darker than background, below which it is blank."""

GAPS = 0.04
"""Share of background below which a window is thick."""

_TOGETHER = 16  # windows in a row whose small pictures are read at once: tiles are larger than such a picture
_SAMPLES = 5  # windows down and across, by which the slide's light is told
_LIGHTEST = 95  # percentile of their pixels
_PADDED = 255  # what scanners fill in where they did not look


class Window(NamedTuple):
    """Where a window lies, in pixels of its level, and its core, in its own: left, top, right, bottom."""

    left: int
    top: int
    width: int
    height: int
    core: tuple[int, int, int, int]


def suited(levels: Sequence[Level], micrometres: float | None) -> int:
    """The number of the level to read: the largest whose red cells are not wider than `RED_WIDTHS`, nor narrower.

    Where there is none, the smallest at which they are not narrower; the largest where a pixel's size is not known.

    >>> levels = [Level(4096, 4096, 1), Level(1024, 1024, 4)]
    >>> suited(levels, 0.1), suited(levels, 0.04), suited(levels, None)
    (0, 1, 0)
    """
    if micrometres is None:
        return 0
    widths = [RED_CELL / (micrometres * level.downsample) for level in levels]
    wide = [number for number, width in enumerate(widths) if width >= RED_WIDTHS[0]]
    return next((number for number in wide if widths[number] <= RED_WIDTHS[1]), wide[-1] if wide else 0)


def grid(level: Level) -> tuple[int, int]:
    """How many windows there are down and across.

    >>> grid(Level(5000, 2048, 1))
    (1, 3)
    """
    return -(-level.height // SIDE), -(-level.width // SIDE)


def windows(level: Level) -> Iterator[Window]:
    """The windows of a level, by rows."""
    down, across = grid(level)
    for row in range(down):
        for column in range(across):
            yield window(level, row, column)


def window(level: Level, row: int, column: int) -> Window:
    """The window at a place of the grid.

    >>> window(Level(5000, 2048, 1), 0, 1)
    Window(left=1856, top=0, width=2432, height=2048, core=(192, 0, 2240, 2048))
    """
    starts = column * SIDE, row * SIDE
    ends = [min(start + SIDE, whole) for start, whole in zip(starts, level[:2], strict=True)]
    left, top = (max(0, start - MARGIN) for start in starts)
    right, bottom = (min(end + MARGIN, whole) for end, whole in zip(ends, level[:2], strict=True))
    core = starts[0] - left, starts[1] - top, ends[0] - left, ends[1] - top
    return Window(left, top, right - left, bottom - top, core)


class Judge:
    """Tells by small pictures of windows which of them are blank, and which so thick that cells lie over each other.

    Background is what is about as light as the slide's light: the 95th percentile of the green of windows that are
    spread over it, without what is filled in. Where a window's own median is background, that is the measure instead,
    since light falls off. Blank is a window with less than `FEWEST` of its pixels darker than background, thick one
    with less than `GAPS` of background.

    Args:
        slide: which.
        level: that is to be read.

    Attributes:
        small: the level of the small pictures; the level itself where there is none of a fitting size.
    """

    def __init__(self, slide: Slide, level: int) -> None:
        self._slide, self._level = slide, level
        own = slide.levels[level].downsample
        fitting = [n for n, one in enumerate(slide.levels) if 4 <= one.downsample / own <= SMALL * 1.1]
        self.small = fitting[-1] if fitting else level
        self._read = (-1, -1), np.zeros((0, 0), np.uint8)  # where it begins, and some windows' pictures in a row
        self._light = self._measured()

    def __call__(self, window: Window) -> str:
        """What a window is: "blank", "thick", or "" to be read.

        Raises:
            DecodeError: it is damaged.
        """
        return judged(self._green(window), self._light)

    def of_pixels(self, window: Window, pixels: np.ndarray) -> str:
        """The same of a window whose pixels, uint8 (h, w, 3), are there."""
        left, top, right, bottom = window.core
        return judged(_shrunk(pixels[top:bottom, left:right]), self._light)

    def _measured(self) -> float:
        level = self._slide.levels[self._level]
        down, across = (sorted({round(at) for at in np.linspace(0, n - 1, _SAMPLES + 2)[1:-1]}) for n in grid(level))
        seen = [self._green(window(level, row, column)).ravel() for row in down for column in across]
        values = np.concatenate(seen)
        values = values[values < _PADDED]
        return float(np.percentile(values, _LIGHTEST)) if len(values) else float(_PADDED)

    def _green(self, window: Window) -> np.ndarray:
        """The green of a small picture of a window's core."""
        left, top, right, bottom = window.core
        left, top, right, bottom = left + window.left, top + window.top, right + window.left, bottom + window.top
        if self.small == self._level:
            return _shrunk(self._slide.region(self._level, left, top, right - left, bottom - top))
        small, level = self._slide.levels[self.small], self._slide.levels[self._level]
        across, down = small.width / level.width, small.height / level.height
        start = left // (_TOGETHER * SIDE) * _TOGETHER * SIDE
        if self._read[0] != (start, top):
            end = min(start + _TOGETHER * SIDE, level.width)
            x, y = min(int(start * across), small.width - 1), min(int(top * down), small.height - 1)
            width = min(max(1, math.ceil((end - start) * across)), small.width - x)
            height = min(max(1, math.ceil((bottom - top) * down)), small.height - y)
            self._read = (start, top), self._slide.region(self.small, x, y, width, height)[..., 1]
        read = self._read[1]
        first = min(int((left - start) * across), read.shape[1] - 1)
        return read[:, first : max(first + 1, math.ceil((right - start) * across))]


def judged(green: np.ndarray, light: float) -> str:
    """What a window is by the green of its small picture, uint8 (h, w): "blank", "thick", or "" to be read.

    Args:
        green: of the picture.
        light: of the slide, 0 .. 255.

    >>> judged(np.full((9, 9), 230), 230.0), judged(np.full((9, 9), 130), 230.0), judged(np.array([[230, 130]]), 230.0)
    ('blank', 'thick', '')
    """
    median = float(np.median(green))
    dark = green < LIGHT * (median if median >= LIGHT * light else light)
    share = float(dark.mean())
    if share < FEWEST:
        return "blank"
    return "thick" if 1 - share < GAPS else ""


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """The green of pixels, each of some together."""
    green = Image.fromarray(np.ascontiguousarray(pixels[..., 1]))
    return np.asarray(green.reduce(min(SMALL // 2, *green.size)))
