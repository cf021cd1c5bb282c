"""Which operation each image of a batch gets, and how strongly at most."""

import math

import torch
from torch import Tensor

from hemascope.augment.draw import Draw
from hemascope.augment.policy import FULL, GROUPS, Policy

Strengths = dict[str, Tensor]

RANDOM_OPERATIONS = tuple(name for name in FULL if name != "flip")
"""What RandAugment chooses among; a mirror image has no strength."""


def draw_strengths(policy: Policy, draw: Draw) -> Strengths:
    """The strength of every operation for every image: float32 (m,) each, 0 where the image does not get it.

    Angles are radians, zoom its natural logarithm, flip a probability, all others as in the policy. An operation that
    no image can get is absent.
    """
    wanted = {name: _in_unit(name, strength) for name, strength in policy.strengths.items()}
    grouped = {name for names in GROUPS.values() for name in names}
    strengths = {
        name: torch.full((len(draw),), strength, device=draw.device)
        for name, strength in wanted.items()
        if name not in grouped
    }
    for group, names in GROUPS.items():
        members = [name for name in names if name in wanted]
        if members:
            place = len(members) * draw.uniform()
            applies = draw.chance(policy.occlude if group == "occlusion" else policy.degrade)
            for number, name in enumerate(members):
                strengths[name] = wanted[name] * (applies & (place.long() == number))
    if policy.rand and policy.magnitude:
        _add_random(strengths, policy, draw)
    return strengths


def _add_random(strengths: Strengths, policy: Policy, draw: Draw) -> None:
    """RandAugment (Cubuk et al. 2020): some operations an image, without repetition, beside the fixed ones."""
    order = draw.uniform(len(RANDOM_OPERATIONS))
    chosen = torch.zeros_like(order).scatter_(1, order.topk(policy.rand, dim=1).indices, 1.0)
    for column, name in zip(chosen.T, RANDOM_OPERATIONS, strict=True):
        added = policy.magnitude * _in_unit(name, FULL[name]) * column
        strengths[name] = torch.maximum(strengths[name], added) if name in strengths else added


def _in_unit(name: str, strength: float) -> float:
    if name == "zoom":
        return math.log(strength)
    return math.radians(strength) if name in ("rotation", "shear", "hue") else strength
