"""Pictures that are no cells: textures, drawings, empty fields, overlays and damage, drawn by a generator."""

import string
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps


def texture(rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """One random texture in random colours, uint8 (size, size, 3).

    >>> texture(np.random.default_rng(0)).shape
    (96, 96, 3)
    """
    pattern = _PATTERNS[rng.integers(len(_PATTERNS))](rng, size)
    one, other = rng.uniform(0, 255, (2, 3))
    if rng.random() < 0.2:  # each channel by itself, as in a colour test card
        pattern = np.stack([_PATTERNS[rng.integers(len(_PATTERNS))](rng, size) for _ in range(3)], axis=-1)
    else:
        pattern = pattern[..., None]
    return np.clip(one + (other - one) * pattern, 0, 255).astype(np.uint8)


def fractal(rng: np.random.Generator, size: int, slope: float) -> np.ndarray:
    """Noise (size, size) in [0, 1] of amplitude 1 / frequency to the power ``slope``: 0 white, 2 soft clouds."""
    fy, fx = np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij")
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / np.maximum(np.hypot(fy, fx), 1 / size) ** slope
    field = np.fft.irfft2(spectrum, (size, size))
    return (field - field.min()) / max(np.ptp(field), 1e-9)


def _noise(rng: np.random.Generator, size: int) -> np.ndarray:
    return fractal(rng, size, rng.uniform(0, 1.6))


def _gradient(rng: np.random.Generator, size: int) -> np.ndarray:
    return _ramp(rng, size)


def _stripes(rng: np.random.Generator, size: int) -> np.ndarray:
    wave = np.sin(2 * np.pi * _ramp(rng, size) * rng.uniform(2, 14))
    return wave / 2 + 0.5 if rng.random() < 0.5 else (wave > 0).astype(float)


def _checks(rng: np.random.Generator, size: int) -> np.ndarray:
    count = rng.uniform(2, 12)
    return ((np.floor(_ramp(rng, size) * count) + np.floor(_ramp(rng, size) * count)) % 2).astype(float)


def _rings(rng: np.random.Generator, size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] / size - rng.uniform(-0.2, 1.2, (2, 1, 1))
    return np.sin(np.hypot(y, x) * rng.uniform(10, 60)) / 2 + 0.5


def _mosaic(rng: np.random.Generator, size: int) -> np.ndarray:
    points, shades = rng.uniform(0, size, (rng.integers(4, 60), 2)), rng.random(60)
    y, x = np.mgrid[:size, :size]
    nearest = ((y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2).argmin(axis=-1)
    return shades[nearest]


def _ramp(rng: np.random.Generator, size: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size] / size - 0.5
    return np.cos(angle) * x + np.sin(angle) * y + 0.5


_PATTERNS: tuple[Callable[[np.random.Generator, int], np.ndarray], ...] = (
    _noise, _noise, _gradient, _stripes, _checks, _rings, _mosaic,
)  # fmt: skip


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


def empty_field(rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """Bare ground: one colour with the unevenness and the noise of a camera, uint8 (size, size, 3)."""
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.3 else rng.uniform(170, 255) + rng.uniform(-35, 5, 3)
    shade = (fractal(rng, size, 2.2)[..., None] - 0.5) * rng.uniform(0, 25)
    noise = rng.normal(0, rng.uniform(0, 6), (size, size, 3))
    return np.clip(colour + shade + noise, 0, 255).astype(np.uint8)


def corner(image: np.ndarray, rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """A corner of a picture whose cell lies in the middle: ground and red cells, uint8 (size, size, 3).

    Args:
        image: uint8 (h, w, 3), the picture with its surroundings.
        rng: which corner, and how much of it: 24% to 34% of the side, where cells of usual framing do not reach.
        size: side of the result in pixels.
    """
    side = int(min(image.shape[:2]) * rng.uniform(0.24, 0.34))
    top, left = ((0, length - side)[int(rng.integers(2))] for length in image.shape[:2])
    part = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return np.asarray(part.resize((size, size), Image.Resampling.BICUBIC))


def overlay(cell: np.ndarray, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A foreign picture over a cell: blended, multiplied, screened, or pasted over a part.

    Args:
        cell, picture: uint8 (h, w, 3) of one size.
        rng: source of all randomness.

    Returns:
        uint8 (h, w, 3), in which the picture weighs at least 30% or hides at least a quarter of the cell.
    """
    under, over = cell.astype(np.float64), picture.astype(np.float64)
    mode = rng.random()
    share: float | np.ndarray = rng.uniform(0.3, 0.85)
    if mode < 0.1:
        over, share = under * over / 255, rng.uniform(0.6, 1)
    elif mode < 0.2:
        over, share = 255 - (255 - under) * (255 - over) / 255, rng.uniform(0.6, 1)
    elif mode < 0.45:
        share = _part(rng, *cell.shape[:2])[..., None]
    return np.clip(under + share * (over - under), 0, 255).astype(np.uint8)


def damaged(cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cell beyond use, uint8 (h, w, 3): inverted, posterised, drowned in noise, scrambled or blocked out."""
    image = Image.fromarray(cell)
    match rng.integers(6):
        case 0:
            return np.asarray(ImageOps.invert(image))
        case 1:
            return np.asarray(ImageOps.posterize(ImageOps.equalize(image), 1))
        case 2:
            noise = rng.normal(0, rng.uniform(80, 160), cell.shape)
            return np.clip(cell + noise, 0, 255).astype(np.uint8)
        case 3:
            return _scrambled(cell, rng)
        case 4:
            side = int(rng.integers(3, 7))  # so few pixels show no cell any more
            return np.asarray(
                image.resize((side, side), Image.Resampling.BOX).resize(image.size, Image.Resampling.NEAREST)
            )
        case _:
            return _lost_rows(cell, rng)


def _part(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A mask, 1 where the picture hides the cell: a box or a cloud with soft or hard edges; float32 (h, w)."""
    if rng.random() < 0.5:
        h, w = (rng.uniform(0.5, 1, 2) * (height, width)).astype(int)
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        mask = np.zeros((height, width), np.float32)
        mask[top : top + h, left : left + w] = 1
        return mask * np.float32(rng.uniform(0.6, 1))
    cloud = fractal(rng, max(height, width), 1.8)[:height, :width]
    return np.clip((cloud - np.quantile(cloud, rng.uniform(0.2, 0.7))) * 12 + 0.5, 0, 1).astype(np.float32)


def _scrambled(cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tiles of the picture in another order."""
    k = int(rng.integers(3, 7))
    h, w = cell.shape[0] // k, cell.shape[1] // k
    tiles = cell[: h * k, : w * k].reshape(k, h, k, w, 3).swapaxes(1, 2).reshape(k * k, h, w, 3)
    whole = rng.permutation(tiles).reshape(k, k, h, w, 3).swapaxes(1, 2).reshape(h * k, w * k, 3)
    return np.pad(whole, ((0, cell.shape[0] - h * k), (0, cell.shape[1] - w * k), (0, 0)), mode="edge")


def _lost_rows(cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The lower part grey, as viewers show a truncated JPEG."""
    damaged = cell.copy()
    damaged[int(rng.uniform(0.1, 0.5) * len(cell)) :] = rng.choice([0, 128, 255])
    return damaged
