"""Mixing pairs of images: MixUp, CutMix and MixCut with their labels, and the colours of the two alone."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

Mix = Literal["none", "mixup", "cutmix", "mixcut"]

_FLAT = 1e-2  # a channel of less spread has nothing to stretch


def mix(kind: Mix, images: Tensor, targets: Tensor, classes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mix every image of a batch with another one of it, and the labels in the same proportion.

    MixUp (Zhang et al. 2018) blends the two; CutMix (Yun et al. 2019) puts a box of the other into the image; MixCut
    does for each batch one or the other, by a coin. The proportion is even in [0, 1], own for each image.

    Args:
        kind: none gives the images back.
        images: float32 (n, 3, h, w).
        targets: int64 (n,) class numbers, or float32 (n, k) shares that sum to 1.
        classes: k.
        generator: source of all randomness, on the device of ``images``.

    Returns:
        Images float32 (n, 3, h, w), and targets float32 (n, k) whose rows sum to 1.

    Raises:
        ValueError: no such kind.

    >>> images, targets = torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 1])
    >>> mix("mixup", images, targets, 3, torch.Generator().manual_seed(0))[1].shape
    torch.Size([4, 3])
    """
    if kind not in get_args(Mix):
        raise ValueError(f"mix is one of {', '.join(get_args(Mix))}, not {kind!r}")
    soft = targets.float() if targets.ndim == 2 else F.one_hot(targets, classes).float()
    if kind == "none":
        return images, soft
    device = images.device
    other = torch.randperm(len(images), generator=generator, device=device)
    own = torch.rand(len(images), generator=generator, device=device)
    if kind == "mixcut":
        kind = "mixup" if float(torch.rand((), generator=generator, device=device)) < 0.5 else "cutmix"
    if kind == "mixup":
        mixed = torch.lerp(images[other], images, own.view(-1, 1, 1, 1))
    else:
        box = _boxes(images, 1 - own, generator)
        mixed = torch.where(box.unsqueeze(1), images[other], images)
        own = 1 - box.float().mean(dim=(1, 2))  # what the borders of the image have left of the box
    return mixed, torch.lerp(soft[other], soft, own.unsqueeze(1))


def mix_colours(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Move half of the images some way towards the colours of another one of the batch.

    Colours are the mean and the spread of each channel (Reinhard et al. 2001). What is a cell's own stays; so a class
    is seen in the colours of every laboratory of the batch.

    Args:
        images: float32 (n, 3, h, w) in [0, 1].
        most: the greatest share of the way, in [0, 1]; each image draws its own.
        generator: source of all randomness, on the device of ``images``.

    Returns:
        float32 (n, 3, h, w) in [0, 1].

    >>> images = torch.rand(4, 3, 8, 8)
    >>> mix_colours(images, 0.8, torch.Generator().manual_seed(0)).shape
    torch.Size([4, 3, 8, 8])
    """
    device = images.device
    other = torch.randperm(len(images), generator=generator, device=device)
    way, coin = torch.rand(2, len(images), 1, 1, 1, generator=generator, device=device)
    way = most * way * (coin < 0.5)
    spread, mean = torch.std_mean(images, dim=(2, 3), keepdim=True)
    return torch.where(way > 0, move_colours(images, mean[other], spread[other], way), images)


def move_colours(images: Tensor, mean: Tensor, spread: Tensor, way: Tensor) -> Tensor:
    """Move every image some way towards the colours of another.

    Args:
        images: float32 (n, 3, h, w) in [0, 1].
        mean, spread: the others', of each channel, float32 (n, 3, 1, 1).
        way: share of the way, float32 (n, 1, 1, 1) in [0, 1].

    Returns:
        float32 (n, 3, h, w) in [0, 1].

    >>> grey, none = torch.full((1, 3, 1, 1), 0.4), torch.zeros(1, 3, 1, 1)
    >>> move_colours(torch.rand(1, 3, 8, 8), grey, none, torch.ones(1, 1, 1, 1)).std() < 1e-6
    tensor(True)
    """
    own_spread, own_mean = torch.std_mean(images, dim=(2, 3), keepdim=True)
    gain = torch.lerp(own_spread, spread, way) / own_spread.clamp(min=_FLAT)
    return ((images - own_mean) * gain + torch.lerp(own_mean, mean, way)).clamp_(0, 1)


def _boxes(images: Tensor, share: Tensor, generator: torch.Generator) -> Tensor:
    """A box around a random pixel, its area the share (n,) of the image's, cut off at the borders: bool (n, h, w)."""
    height, width = images.shape[2:]
    centre = torch.rand(2, len(share), generator=generator, device=images.device)
    half = share.sqrt().view(-1, 1, 1) / 2
    x = ((torch.arange(width, device=images.device) + 0.5) / width - centre[0].view(-1, 1)).unsqueeze(1)
    y = ((torch.arange(height, device=images.device) + 0.5) / height - centre[1].view(-1, 1)).unsqueeze(2)
    return (x.abs() < half) & (y.abs() < half)
