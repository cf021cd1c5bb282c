"""Stains as directions in optical density, where they add up (Beer and Lambert's law)."""

import math

import torch
from torch import Tensor

HAEMATOXYLIN = (0.65, 0.70, 0.29)
"""Optical density in red, green and blue, of length 1 (Ruifrok and Johnston 2001); so the next."""
EOSIN = (0.07, 0.99, 0.11)


def stain_directions() -> Tensor:
    """The directions of haematoxylin, eosin and what is neither: float32 (3, 3), a column each, of length 1."""
    both = torch.nn.functional.normalize(torch.tensor([HAEMATOXYLIN, EOSIN]), dim=1)
    rest = torch.nn.functional.normalize(torch.linalg.cross(both[0], both[1]), dim=0)
    return torch.cat([both, rest[None]]).T.contiguous()


def stain_map(alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    """What other amounts of stain do to the natural logarithm of light, as an affine map of RGB an image.

    Args:
        alpha: float32 (m, 3), the factor of each stain's amount.
        beta: float32 (m, 3), added to each stain's amount, as optical density to base 10 (Tellez et al. 2018).

    Returns:
        float32 (m, 3, 3) and (m, 3, 1): matrix and offset.
    """
    directions = stain_directions().to(alpha.device)
    separate = torch.linalg.inv(directions)
    matrix = (directions * alpha[:, None]) @ separate
    return matrix, -math.log(10) * (directions @ beta[:, :, None])
