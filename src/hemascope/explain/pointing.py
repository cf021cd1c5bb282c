"""How much of a heat map lies on the cell: the energy-based pointing game."""

import numpy as np
from PIL import Image


def heat_share(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each map's heat inside a mask (energy-based pointing game, Wang et al. 2020, "Score-CAM").

    Heat that is spread evenly has the share of the area that the mask covers: compare with that.

    Args:
        heat: float (n, h, w), never negative.
        masks: bool (n, h, w), True on the cell.

    Returns:
        float64 (n,), 0 .. 1; NaN for a map without heat.

    >>> heat_share(np.array([[[1.0, 3.0]], [[0.0, 0.0]]]), np.array([[[False, True]]] * 2)).tolist()
    [0.75, nan]
    """
    total = heat.sum((1, 2), dtype=np.float64)
    inside = (heat * masks).sum((1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.full(len(heat), np.nan), where=total > 0)


def sharpest(masks: np.ndarray, side: int) -> np.ndarray:
    """What a map of ``side`` x ``side`` positions that follows the cell as well as it can looks like at full size.

    Its share of heat inside the mask is below 1, because coarse maps are smoothed when they are resized.

    Args:
        masks: bool (n, h, w).
        side: positions along each side of the map.

    Returns:
        float32 (n, h, w) in [0, 1].
    """
    return np.stack([_through(mask, side) for mask in masks])


def _through(mask: np.ndarray, side: int) -> np.ndarray:
    image = Image.fromarray(mask.astype(np.float32))
    coarse = image.resize((side, side), Image.Resampling.BOX)
    return np.asarray(coarse.resize(image.size, Image.Resampling.BILINEAR))
