"""All geometry of a batch in one resampling: turn, mirror, zoom, shift, shear and elastic bending."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hemascope.augment.draw import Draw, Strengths

GEOMETRY = ("rotation", "flip", "zoom", "shift", "shear", "elastic")
_SPLINES = 7  # bends of about a quarter of the side


def draw_maps(strengths: Strengths, height: int, width: int, draw: Draw) -> Tensor | None:
    """Where the pixels of every image come from, as :func:`resample` reads it.

    Args:
        strengths: of the operations in ``GEOMETRY``.
        height: of the images.
        width: of the images.
        draw: for the images.

    Returns:
        float32 (m, k, 2w): coordinates, x before y, in rows of pixels that k functions of y put together; None where
        no strength is given.
    """
    if not any(name in strengths for name in GEOMETRY):
        return None
    # Linear map and spline are sums of products of a function of y and one of x, so two matrix products make the grid.
    m, bends = len(draw), "elastic" in strengths
    k = 2 + _SPLINES * bends
    weights = torch.zeros(m, k, k, 2, device=draw.device)
    matrix, offset = _affine(strengths, draw, width / height)
    weights[:, 0, 1], weights[:, 1, 0], weights[:, 0, 0] = matrix[:, :, 0], matrix[:, :, 1], offset
    if bends:
        bound = 2 * strengths["elastic"].view(-1, 1, 1, 1).expand(-1, _SPLINES, _SPLINES, 2)  # sides are 2 long
        weights[:, 2:, 2:] = draw.symmetric(bound)
    across = torch.kron(_basis(width, bends, draw.device).T.contiguous(), torch.eye(2, device=draw.device))
    return (weights.view(m * k, 2 * k) @ across).view(m, k, 2 * width)


def resample(images: Tensor, maps: Tensor, filled: bool) -> Tensor:
    """Move the pixels of every image by its own map, bilinearly.

    Args:
        images: float32 (m, 3, h, w).
        maps: float32 (m, k, 2w), of :func:`draw_maps`.
        filled: the border's mean colour lies outside; otherwise images continue as their reflections.

    Returns:
        float32 (m, 3, h, w).
    """
    m, _, height, width = images.shape
    down = _basis(height, maps.shape[1] > 2, images.device)
    grid = torch.matmul(down, maps).view(m, height, width, 2)
    if not filled:
        return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    paper = _border_colour(images)
    return F.grid_sample(images - paper, grid, padding_mode="zeros", align_corners=False).add_(paper)


def _border_colour(images: Tensor) -> Tensor:
    """Mean colour of the outermost pixels, (m, 3, 1, 1)."""
    rows, columns = images[:, :, [0, -1]].flatten(2), images[:, :, :, [0, -1]].flatten(2)
    return torch.cat([rows, columns], dim=2).mean(dim=2)[:, :, None, None]


def _basis(side: int, bends: bool, device: torch.device) -> Tensor:
    """One, the coordinate and uniform cubic B-splines at the pixels' centres, (side, 2 [+ splines])."""
    place = (2 * torch.arange(side, device=device) + 1) / side - 1
    linear = torch.stack([torch.ones_like(place), place], dim=1)
    if not bends:
        return linear
    intervals = _SPLINES - 3
    knots = torch.arange(_SPLINES, device=device) - 1
    far = ((place + 1) * intervals / 2 - knots.view(-1, 1)).abs().T
    inner, outer = 2 / 3 - far**2 + far**3 / 2, (2 - far).clamp(min=0) ** 3 / 6
    return torch.cat([linear, torch.where(far < 1, inner, outer)], dim=1)


def _affine(strengths: Strengths, draw: Draw, aspect: float) -> tuple[Tensor, Tensor]:
    """The linear part (m, 2, 2) and the offset (m, 2) from output to input coordinates."""
    none = torch.zeros(len(draw), device=draw.device)
    angle = draw.symmetric(strengths.get("rotation", none))
    scale = torch.exp(draw.symmetric(strengths.get("zoom", none)))
    mirror = torch.where(draw.uniform() < strengths.get("flip", none), -1.0, 1.0)
    shift = 2 * draw.symmetric(strengths.get("shift", none).view(-1, 1).expand(-1, 2))
    slant = torch.tan(draw.symmetric(strengths.get("shear", none).view(-1, 1).expand(-1, 2)))
    cos, sin, one = torch.cos(angle) / scale, torch.sin(angle) / scale, torch.ones_like(angle)
    turn = torch.stack([torch.stack([cos * mirror, -sin], 1), torch.stack([sin * mirror, cos], 1)], 1)
    sheared = torch.stack([torch.stack([one, slant[:, 0]], 1), torch.stack([slant[:, 1], one], 1)], 1)
    stretch = torch.tensor([[1.0, 1 / aspect], [aspect, 1.0]], device=draw.device)  # angles are those of square pixels
    return torch.bmm(turn, sheared) * stretch, shift
