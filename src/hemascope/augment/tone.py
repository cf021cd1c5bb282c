"""Light and scale: vignetting, solarisation, fewer grey levels."""

import torch
from torch import Tensor

from hemascope.augment.draw import Draw


def vignette(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Darken with the square of the distance from a point within the middle half of the image.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), share of the light that the corners lose on the average over the point's places.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w), nowhere below 0.
    """
    height, width = images.shape[2:]
    centre = draw.uniform(2) - 0.5
    x = torch.linspace(-1, 1, width, device=images.device) - centre[:, :1]
    y = torch.linspace(-1, 1, height, device=images.device) - centre[:, 1:]
    lost = (amounts / 2).view(-1, 1, 1) * (x.square()[:, None, :] + y.square()[:, :, None])
    return images * (1 - lost).clamp(min=0).unsqueeze(1)


def solarise(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Invert what is bright.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), share of the scale that is inverted: values above 1 - this.
        draw: not used.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    return torch.where(images > 1 - amounts.view(-1, 1, 1, 1), 1 - images, images)


def posterise(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Round to few levels, even from black to white.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), how many of 8 bits are taken away; of 256 levels, 256 / 2^this are left, at least 2.
        draw: not used.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    steps = (2 ** (8 - amounts)).round().clamp(min=2).view(-1, 1, 1, 1) - 1
    return (images * steps).round_() / steps
