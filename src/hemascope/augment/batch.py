"""Applying a policy to a batch: one resampling, two colour maps, then what few images get."""

from collections.abc import Callable

import torch
from torch import Tensor

from hemascope.augment.colour import draw_colours, recolour
from hemascope.augment.degradations import (
    defocus,
    gaussian_noise,
    jpeg,
    motion,
    pixelate,
    posterise,
    salt,
    shot,
    solarise,
    vignette,
)
from hemascope.augment.draw import Draw, Strengths, draw_strengths
from hemascope.augment.geometry import draw_maps, resample
from hemascope.augment.occlusion import bubble, cutout, deposit, grid
from hemascope.augment.policy import Policy

Operation = Callable[[Tensor, Tensor, Draw], Tensor]

OPERATIONS: dict[str, Operation] = {
    "bubble": bubble,
    "deposit": deposit,
    "cutout": cutout,
    "grid": grid,
    "defocus": defocus,
    "motion": motion,
    "vignette": vignette,
    "noise": gaussian_noise,
    "shot": shot,
    "salt": salt,
    "solarise": solarise,
    "posterise": posterise,
    "pixelate": pixelate,
    "jpeg": jpeg,
}
"""What few images get, in the order of the light's way: slide, lens, sensor, file."""

# Values of the images resampled and recoloured at once, for each thread. They, their grid and the result fit in a
# core's second-level cache, and sampling from there is three times as fast as from memory.
_CACHED = 1 << 18


def augment(
    images: Tensor,
    policy: Policy,
    generator: torch.Generator,
    never_clean: Tensor | None = None,
    wanted: slice | None = None,
) -> Tensor:
    """Transform every image of a batch by its own random parameters.

    Args:
        images: float (n, 3, h, w) in [0, 1], or uint8, which is read as 255ths.
        policy: the strengths.
        generator: source of all randomness, on the device of ``images``; the same state gives the same result.
        never_clean: bool (n,), images that the policy's share of clean ones leaves out.
        wanted: the images that are looked at afterwards; the others come back in any state. Those wanted, and the
            generator, end up the same as without it: so several processes share the work on a batch.

    Returns:
        float (n, 3, h, w) in [0, 1]; ``images`` itself where they are float and the policy changes nothing.

    >>> generator = torch.Generator().manual_seed(0)
    >>> augment(torch.rand(4, 3, 32, 32), Policy(rotation=180, noise=0.1), generator).shape
    torch.Size([4, 3, 32, 32])
    """
    if images.dtype == torch.uint8:
        images = images.float().div_(255)
    if policy.changes_nothing:
        return images
    draw = Draw(generator, len(images))
    clean = draw.chance(policy.clean)
    if never_clean is not None:
        clean &= ~never_clean
    rows = (~clean).nonzero().squeeze(1)
    changed = images.clone(memory_format=torch.contiguous_format)
    strengths = draw_strengths(policy, draw.of(rows))
    own = torch.ones_like(rows, dtype=torch.bool)
    if wanted is not None:
        own = (rows >= wanted.start) & (rows < wanted.stop)
    _move_and_recolour(changed, rows, own, strengths, policy.fill, draw.of(rows))
    _degrade(changed, rows, own, strengths, draw.of(rows))
    return changed


def _move_and_recolour(
    images: Tensor, rows: Tensor, own: Tensor, strengths: Strengths, fill: float, draw: Draw
) -> None:
    """Change the images at the rows (m,) in place, those that are ``own``, bool (m,)."""
    height, width = images.shape[2:]
    maps, colours = draw_maps(strengths, height, width, draw), draw_colours(strengths, draw)
    filled = draw.chance(fill)
    if maps is None and not any(colours):
        return
    at_once = max(1, len(rows))
    if images.device.type == "cpu":
        at_once = max(1, _CACHED * torch.get_num_threads() // images[0].numel())
    for fills, members in ((False, ~filled), (True, filled)):
        for part in (members & own).nonzero().squeeze(1).split(at_once):
            chosen = images.index_select(0, rows[part])
            if maps is not None:
                chosen = resample(chosen, maps[part], fills)
            images.index_copy_(0, rows[part], recolour(chosen, colours.of(part)).clamp_(0, 1))


def _degrade(images: Tensor, rows: Tensor, own: Tensor, strengths: Strengths, draw: Draw) -> None:
    """Apply, in place, to the images at the rows (m,) that are ``own``, bool (m,), what few of them get."""
    names = [name for name in OPERATIONS if name in strengths]
    if not names:
        return
    most = torch.stack([strengths[name] for name in names])
    amounts = most * draw.uniform(len(names)).T
    shares = most.nonzero()[:, 1].split((most > 0).sum(dim=1).tolist())
    for name, amount, part in zip(names, amounts, shares, strict=True):
        if len(part):
            ours = own[part].nonzero().squeeze(1)
            if not len(ours):
                ours = torch.zeros_like(part[:1])  # someone else's, for the generator to move on as theirs does
            draws, part = draw.of(part).cut(ours), part[ours]
            changed = OPERATIONS[name](images.index_select(0, rows[part]), amount[part], draws)
            images.index_copy_(0, rows[part], changed.clamp_(0, 1))
