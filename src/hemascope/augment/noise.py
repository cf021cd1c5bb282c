"""Noise of the sensor."""

import torch
from torch import Tensor

from hemascope.augment.draw import Draw


def gaussian(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Add normal noise.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), standard deviation.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    return torch.addcmul(images, _spread(amounts), draw.normal(*images.shape)).clamp_(0, 1)


def shot(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Photon noise: its variance is proportional to the light. The Poisson law's normal limit, which keeps the mean.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), standard deviation at white; 0.1 is a full well of 100 photons.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    return torch.addcmul(images, images.sqrt() * _spread(amounts), draw.normal(*images.shape)).clamp_(0, 1)


def salt(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Salt and pepper: some pixels, all channels of them, white or black with equal chance.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), share of the pixels.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    place = draw.pixels(len(images), 1, *images.shape[2:])
    share = _spread(amounts)
    # Scattered choices by torch.where cost 30 times as much as a product.
    return (images * (place >= share).float()).add_((place < share / 2).float())


def _spread(amounts: Tensor) -> Tensor:
    return amounts.view(-1, 1, 1, 1)
