"""Applying a policy to a batch: one resampling, one colour map, noise."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hemascope.augment.policy import Policy

_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601, as in Pillow's convert("L")


def augment(images: Tensor, policy: Policy, generator: torch.Generator, never_clean: Tensor | None = None) -> Tensor:
    """Transform every image of a batch by its own random parameters.

    Args:
        images: float (n, 3, h, w) in [0, 1].
        policy: the strengths.
        generator: source of all randomness, on the device of ``images``; the same state gives the same result.
        never_clean: bool (n,), images that the policy's share of clean ones leaves out.

    Returns:
        float (n, 3, h, w) in [0, 1]; ``images`` itself where the policy changes nothing.

    >>> generator = torch.Generator().manual_seed(0)
    >>> augment(torch.rand(4, 3, 32, 32), Policy(rotation=180, noise=0.1), generator).shape
    torch.Size([4, 3, 32, 32])
    """
    if policy.changes_nothing:
        return images
    clean = torch.rand(len(images), generator=generator, device=images.device) < policy.clean
    if never_clean is not None:
        clean &= ~never_clean
    changed = _resample(images, _affine(len(images), policy, generator))
    changed = _recolour(changed, policy, generator)
    if policy.noise:
        sigma = policy.noise * torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
        changed = changed + sigma * torch.randn(changed.shape, generator=generator, device=images.device)
    return torch.where(clean.view(-1, 1, 1, 1), images, changed.clamp_(0, 1))


def _symmetric(n: int, strength: float, generator: torch.Generator) -> Tensor:
    return strength * (2 * torch.rand(n, generator=generator, device=generator.device) - 1)


def _affine(n: int, policy: Policy, generator: torch.Generator) -> Tensor:
    """Rotation, mirror, zoom and shift of each image as one matrix (n, 2, 3) from output to input coordinates."""
    angle = _symmetric(n, math.radians(policy.rotation), generator)
    scale = torch.exp(_symmetric(n, math.log(policy.zoom), generator))
    mirror = torch.where(torch.rand(n, generator=generator, device=generator.device) < policy.flip, -1.0, 1.0)
    shift = 2 * torch.stack([_symmetric(n, policy.shift, generator) for _ in range(2)], dim=1)  # sides are 2 long
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    linear = torch.stack([torch.stack([cos * mirror, -sin], 1), torch.stack([sin * mirror, cos], 1)], 1)
    return torch.cat([linear, shift.unsqueeze(2)], dim=2)


def _resample(images: Tensor, matrices: Tensor) -> Tensor:
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _recolour(images: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation as one affine map of RGB an image."""
    n = len(images)
    brightness = 1 + _symmetric(n, policy.brightness, generator)
    contrast = 1 + _symmetric(n, policy.contrast, generator)
    saturation = 1 + _symmetric(n, policy.saturation, generator)
    grey = torch.tensor(_GREY, device=images.device)
    mean = (images.mean(dim=(2, 3)) @ grey).view(n, 1, 1)
    to_grey = grey.expand(3, 3)
    eye = torch.eye(3, device=images.device)
    mix = saturation.view(n, 1, 1) * eye + (1 - saturation).view(n, 1, 1) * to_grey
    gain = (brightness * contrast).view(n, 1, 1)
    offset = brightness.view(n, 1, 1) * (1 - contrast).view(n, 1, 1) * mean
    return torch.baddbmm(offset, gain * mix, images.flatten(2)).view_as(images)
