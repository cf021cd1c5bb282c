"""A picture laid over a cell, as in the challenge's junk; and cells damaged until they show none."""

import numpy as np
from PIL import Image, ImageOps

from hemascope.data.foreign.textures import fractal


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
