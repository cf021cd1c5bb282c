"""Defocus and motion: one grouped convolution, every image by its own kernel."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hemascope.augment.draw import Draw


def defocus(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Spread every point over a disc.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), the disc's radius as share of the shorter side.
        draw: not used; a disc has no direction.

    Returns:
        float32 (m, 3, h, w).
    """
    radius = _pixels(amounts, images).view(-1, 1, 1)
    x, y = _around_centre(math.ceil(float(radius.max())), images.device)
    return _convolved(images, (radius + 0.5 - torch.hypot(x, y)).clamp(0, 1))


def motion(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Spread every point over a line in a random direction.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), the line's length as share of the shorter side.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    length = _pixels(amounts, images).view(-1, 1, 1)
    angle = (math.pi * draw.uniform()).view(-1, 1, 1)
    x, y = _around_centre(math.ceil(float(length.max()) / 2), images.device)
    along = x * torch.cos(angle) + y * torch.sin(angle)
    beside = y * torch.cos(angle) - x * torch.sin(angle)
    return _convolved(images, (length / 2 + 0.5 - along.abs()).clamp(0, 1) * (1 - beside.abs()).clamp(min=0))


def _pixels(amounts: Tensor, images: Tensor) -> Tensor:
    # Half a pixel or less is no blur, and then the centre alone has weight.
    return amounts * min(images.shape[2:])


def _around_centre(radius: int, device: torch.device) -> tuple[Tensor, Tensor]:
    steps = torch.arange(-radius, radius + 1, device=device, dtype=torch.float32)
    return steps.view(1, 1, -1), steps.view(1, -1, 1)


def _convolved(images: Tensor, kernels: Tensor) -> Tensor:
    """Each image by its own kernel (m, k, k), k odd; weights need not sum to 1."""
    m, channels, height, width = images.shape
    kernels = kernels / kernels.sum(dim=(1, 2), keepdim=True)
    weight = kernels.repeat_interleave(channels, dim=0).unsqueeze(1)
    # As replicated borders bear any radius; reflected ones must be smaller than the image.
    edge = kernels.shape[-1] // 2
    padded = F.pad(images, (edge, edge, edge, edge), mode="replicate").view(1, m * channels, *_grown(images, edge))
    return F.conv2d(padded, weight, groups=m * channels).view(m, channels, height, width)


def _grown(images: Tensor, edge: int) -> tuple[int, int]:
    return images.shape[2] + 2 * edge, images.shape[3] + 2 * edge
