"""Augmented images for explanations: a policy on images in memory, and the part of one that changes colours alone."""

import numpy as np
import torch

from hemascope.augment.batch import augment
from hemascope.augment.colour import AFFINE, DENSITY
from hemascope.augment.policies import NAMED
from hemascope.augment.policy import Policy

COLOURS = Policy.model_validate({name: NAMED["wide"][name] for name in (*AFFINE, *DENSITY)})
"""The colours of the policy wide: brightness, contrast, saturation, hue, channels, white point, gamma and stain."""


def augmented(images: np.ndarray, policy: Policy, seed: int = 0) -> np.ndarray:
    """Every image changed by the policy, its share of clean ones left out; the same seed draws the same.

    Args:
        images: uint8 (n, h, w, 3).
        policy: the strengths.
        seed: of the draws.

    Returns:
        uint8 (n, h, w, 3).
    """
    generator = torch.Generator().manual_seed(seed)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255)
    changed = augment(batch, policy.model_copy(update={"clean": 0.0}), generator)
    return (255 * changed).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
