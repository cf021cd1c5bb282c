"""What hides parts of an image: squares, grids, air bubbles, specks of stain."""

import torch
from torch import Tensor

from hemascope.augment.draw import Draw

_SPECKS = 8
_SPECK_DENSITY = (0.9, 1.5, 0.6)  # optical density (natural) in red, green, blue of precipitated azure and eosin
_SHORTEST_PERIOD, _LONGEST_PERIOD = 0.2, 0.5  # of the grid, as share of the side


def cutout(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Paint a square, anywhere, with one random colour (DeVries and Taylor 2017; Zhong et al. 2020).

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), the square's side as share of the image's.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    x, y = _coordinates(images)
    left, top = (draw.uniform(2).T * (1 - amounts)).view(2, -1, 1, 1)
    side = amounts.view(-1, 1, 1)
    inside = (x >= left) & (x < left + side) & (y >= top) & (y < top + side)
    return torch.where(inside.unsqueeze(1), draw.uniform(3)[:, :, None, None], images)


def grid(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Paint a grid of squares mid-grey (Chen et al. 2020).

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), a square's side as share of the grid's period; 0.5 hides a quarter of the image.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    x, y = _coordinates(images)
    period = _SHORTEST_PERIOD + (_LONGEST_PERIOD - _SHORTEST_PERIOD) * draw.uniform().view(-1, 1, 1)
    phase_x, phase_y = draw.uniform(2).T.reshape(2, -1, 1, 1)
    side = amounts.view(-1, 1, 1)
    hidden = ((x / period + phase_x) % 1 < side) & ((y / period + phase_y) % 1 < side)
    return torch.where(hidden.unsqueeze(1), 0.5, images)


def bubble(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """An air bubble in the mounting medium: a brighter, paler disc within a dark rim.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), its radius as share of the image's side.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    x, y = _coordinates(images)
    centre_x, centre_y = draw.uniform(2).T.reshape(2, -1, 1, 1)
    distance = ((x - centre_x).square() + (y - centre_y).square()).sqrt_()
    radius, rim = amounts.view(-1, 1, 1), 0.015 + 0.03 * draw.uniform().view(-1, 1, 1)
    pale = (0.2 + 0.4 * draw.uniform().view(-1, 1, 1)) * (distance < radius)
    dark = (0.3 + 0.5 * draw.uniform().view(-1, 1, 1)) * (1 - (distance - radius).abs() / rim).clamp(min=0)
    bright = images + pale.unsqueeze(1) * (1 - images)
    return bright * (1 - dark.unsqueeze(1))


def deposit(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Specks of precipitated stain: dark purple spots of different sizes, one to eight of them.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), radius of the largest as share of the image's side.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    x, y = (axis.unsqueeze(1) for axis in _coordinates(images))
    place_x, place_y, size = draw.uniform(3, _SPECKS).unbind(1)
    shown = torch.arange(_SPECKS, device=images.device) <= (_SPECKS * draw.uniform()).unsqueeze(1)
    radius = (amounts.unsqueeze(1) * (0.3 + 0.7 * size)).clamp(min=1e-3)
    radius = torch.where(shown, radius, 1e-6)[:, :, None, None]  # too small to meet a pixel's centre
    beside, above = (
        ((x - place_x[:, :, None, None]) / radius).square(),
        ((y - place_y[:, :, None, None]) / radius).square(),
    )
    nearest = (beside + above).amin(dim=1, keepdim=True).sqrt_()
    thickness = (1.5 - nearest).clamp_(0, 1)
    colour = torch.tensor(_SPECK_DENSITY, device=images.device) * (0.5 + draw.uniform(1))
    return images * torch.exp(-thickness * colour[:, :, None, None])


def _coordinates(images: Tensor) -> tuple[Tensor, Tensor]:
    """x (1, 1, w) and y (1, h, 1) of the pixels' centres, in [0, 1]."""
    height, width = images.shape[2:]
    x = (torch.arange(width, device=images.device) + 0.5) / width
    y = (torch.arange(height, device=images.device) + 0.5) / height
    return x.view(1, 1, -1), y.view(1, -1, 1)
