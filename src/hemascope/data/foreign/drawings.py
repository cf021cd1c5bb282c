"""Drawings: lines, scribbles, polygons, ellipses, stick shapes, and lines of text."""

import string

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hemascope.data.foreign.textures import texture

_SCALE = 3  # drawn larger and shrunk, so that edges are smooth


def drawing(rng: np.random.Generator, size: int = 96, ground: np.ndarray | None = None) -> np.ndarray:
    """A random drawing, uint8 (size, size, 3).

    Args:
        rng: source of all randomness.
        size: side in pixels.
        ground: uint8 (size, size, 3) to draw on; without it paper, a plain colour or a texture.
    """
    side = size * _SCALE
    paper = _ground(rng, size) if ground is None else ground
    sheet = Image.fromarray(paper).resize((side, side), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(sheet)
    for _ in range(rng.integers(2, 14)):
        _STROKES[rng.integers(len(_STROKES))](pen, rng, side)
    return np.asarray(sheet.resize((size, size), Image.Resampling.BOX))


def writing(rng: np.random.Generator, size: int = 96, ground: np.ndarray | None = None) -> np.ndarray:
    """Lines of random text, uint8 (size, size, 3); arguments as in `drawing`."""
    side = size * _SCALE
    paper = _ground(rng, size) if ground is None else ground
    sheet = Image.fromarray(paper).resize((side, side), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(sheet)
    height = float(rng.uniform(0.06, 0.35)) * side
    font = ImageFont.load_default(height)
    ink = tuple(int(v) for v in (rng.integers(0, 80, 3) if paper.mean() > 110 else rng.integers(170, 256, 3)))
    letters = list(string.ascii_letters + string.digits + "   .,:;-+")
    top = float(rng.uniform(0, 0.3)) * side
    while top < side:
        line = "".join(rng.choice(letters, rng.integers(3, 30)))
        pen.text((float(rng.uniform(-0.05, 0.2)) * side, top), line, fill=ink, font=font)
        top += height * float(rng.uniform(1.0, 1.6))
    return np.asarray(sheet.resize((size, size), Image.Resampling.BOX))


def _ground(rng: np.random.Generator, size: int) -> np.ndarray:
    kind = rng.random()
    if kind < 0.15:
        return texture(rng, size)
    low = 215 if kind < 0.6 else 0
    return np.broadcast_to(rng.integers(low, 256, 3, dtype=np.uint8), (size, size, 3)).copy()


def _ink(rng: np.random.Generator) -> tuple[int, int, int]:
    r, g, b = rng.integers(0, 256, 3)
    return int(r), int(g), int(b)


def _points(rng: np.random.Generator, count: int, side: int) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in rng.uniform(-0.1, 1.1, (count, 2)) * side]


def _width(rng: np.random.Generator, side: int) -> int:
    return max(1, round(float(rng.uniform(0.005, 0.05)) * side))


def _line(pen: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    pen.line(_points(rng, int(rng.integers(2, 6)), side), fill=_ink(rng), width=_width(rng, side))


def _scribble(pen: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    steps = rng.normal(0, 0.06, (60, 2)).cumsum(axis=0) + rng.uniform(0.2, 0.8, 2)
    pen.line([(float(x), float(y)) for x, y in steps * side], fill=_ink(rng), width=_width(rng, side), joint="curve")


def _polygon(pen: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    filled = rng.random() < 0.6
    corners = _points(rng, int(rng.integers(3, 7)), side)
    pen.polygon(corners, fill=_ink(rng) if filled else None, outline=_ink(rng), width=_width(rng, side))


def _ellipse(pen: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    (x, y), (a, b) = rng.uniform(0, 1, 2) * side, rng.uniform(0.03, 0.35, 2) * side
    fill = _ink(rng) if rng.random() < 0.5 else None
    pen.ellipse((x - a, y - b, x + a, y + b), fill=fill, outline=_ink(rng), width=_width(rng, side))


def _box(pen: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    (x, y), (a, b) = rng.uniform(0, 0.9, 2) * side, rng.uniform(0.05, 0.6, 2) * side
    fill = _ink(rng) if rng.random() < 0.5 else None
    pen.rectangle((x, y, x + a, y + b), fill=fill, outline=_ink(rng), width=_width(rng, side))


_STROKES = (_line, _scribble, _polygon, _ellipse, _box)
