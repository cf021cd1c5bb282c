"""Applying a policy to a batch: one resampling, two colour maps, then what few images get."""

from collections.abc import Callable

import torch
from torch import Tensor

from hemascope.augment.blur import defocus, motion
from hemascope.augment.colour import recolour
from hemascope.augment.compression import jpeg, pixelate
from hemascope.augment.draw import Draw
from hemascope.augment.geometry import resample
from hemascope.augment.noise import gaussian, salt, shot
from hemascope.augment.occlusion import bubble, cutout, deposit, grid
from hemascope.augment.policy import Policy
from hemascope.augment.strengths import draw_strengths
from hemascope.augment.tone import posterise, solarise, vignette

Operation = Callable[[Tensor, Tensor, Draw], Tensor]

OPERATIONS: dict[str, Operation] = {
    "bubble": bubble,
    "deposit": deposit,
    "cutout": cutout,
    "grid": grid,
    "defocus": defocus,
    "motion": motion,
    "vignette": vignette,
    "noise": gaussian,
    "shot": shot,
    "salt": salt,
    "solarise": solarise,
    "posterise": posterise,
    "pixelate": pixelate,
    "jpeg": jpeg,
}
"""What few images get, in the order of the light's way: slide, lens, sensor, file."""


def augment(images: Tensor, policy: Policy, generator: torch.Generator, never_clean: Tensor | None = None) -> Tensor:
    """Transform every image of a batch by its own random parameters.

    Args:
        images: float (n, 3, h, w) in [0, 1], or uint8, which is read as 255ths.
        policy: the strengths.
        generator: source of all randomness, on the device of ``images``; the same state gives the same result.
        never_clean: bool (n,), images that the policy's share of clean ones leaves out.

    Returns:
        float (n, 3, h, w) in [0, 1]; ``images`` itself where they are float and the policy changes nothing.

    >>> generator = torch.Generator().manual_seed(0)
    >>> augment(torch.rand(4, 3, 32, 32), Policy(rotation=180, noise=0.1), generator).shape
    torch.Size([4, 3, 32, 32])
    """
    if images.dtype == torch.uint8:
        images = images.float() / 255
    if policy.changes_nothing:
        return images
    draw = Draw(generator, len(images))
    clean = draw.chance(policy.clean)
    if never_clean is not None:
        clean &= ~never_clean
    rows = (~clean).nonzero().squeeze(1)
    changed = _changed(images.contiguous().index_select(0, rows), policy, draw.of(rows))
    return changed if len(rows) == len(images) else images.index_copy(0, rows, changed)


def _changed(images: Tensor, policy: Policy, draw: Draw) -> Tensor:
    """The images, which it may write into, transformed."""
    strengths = draw_strengths(policy, draw)
    images = resample(images, strengths, policy.fill, draw)
    images = recolour(images, strengths, draw)
    for name, operation in OPERATIONS.items():
        if name not in strengths:
            continue
        amounts = strengths[name] * draw.uniform()
        rows = strengths[name].nonzero().squeeze(1)
        if len(rows):
            images.index_copy_(0, rows, operation(images.index_select(0, rows), amounts[rows], draw.of(rows)))
    return images.clamp_(0, 1)
