"""All colour of a batch in two maps: one affine in RGB, one affine in optical density."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hemascope.augment.draw import Draw
from hemascope.augment.stain import stain_map
from hemascope.augment.strengths import Strengths

AFFINE = ("brightness", "contrast", "saturation", "hue", "channel_gain", "channel_shift", "white_point")
DENSITY = ("gamma", "stain")

# Luma of ITU-R BT.601, as in Pillow's convert("L"), and two axes of colour at right angles to each other (YIQ).
_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
_DARKEST_LAMP = 0.75
_BLACK = 1e-4  # darker pixels have no logarithm worth the name


def recolour(images: Tensor, strengths: Strengths, draw: Draw) -> Tensor:
    """Change the colours of every image by its own maps.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        strengths: of the operations in ``AFFINE`` and ``DENSITY``.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1]; ``images`` itself where no strength is given.
    """
    flat = images.flatten(2)
    if any(name in strengths for name in AFFINE):
        matrix, offset = _affine(images, strengths, draw)
        flat = torch.baddbmm(offset, matrix, flat).clamp_(0, 1)
    if any(name in strengths for name in DENSITY):
        matrix, offset = _density(strengths, draw)
        flat = torch.baddbmm(offset, matrix, flat.clamp(min=_BLACK).log_()).exp_().clamp_(max=1)
    return flat.view_as(images)


def _affine(images: Tensor, strengths: Strengths, draw: Draw) -> tuple[Tensor, Tensor]:
    """Matrix (m, 3, 3) and offset (m, 3, 1)."""
    none = torch.zeros(len(draw), device=draw.device)
    three = {name: strengths.get(name, none).view(-1, 1).expand(-1, 3) for name in AFFINE}
    brightness = 1 + draw.symmetric(strengths.get("brightness", none)).view(-1, 1, 1)
    contrast = 1 + draw.symmetric(strengths.get("contrast", none)).view(-1, 1, 1)
    mix = _chroma(1 + draw.symmetric(strengths.get("saturation", none)), draw.symmetric(strengths.get("hue", none)))
    gain = 1 + draw.symmetric(three["channel_gain"]).unsqueeze(2)
    shift = draw.symmetric(three["channel_shift"]).unsqueeze(2)
    grey = torch.tensor(_YIQ[0], device=draw.device)
    mean = (images.mean(dim=(2, 3)) @ grey).view(-1, 1, 1)
    matrix = gain * brightness * contrast * mix
    offset = gain * brightness * (1 - contrast) * mean + shift
    if "white_point" in strengths:
        white = matrix @ _own_white(images) + offset
        lamp = _DARKEST_LAMP + (1 - _DARKEST_LAMP) * draw.uniform(3).unsqueeze(2)
        way = (strengths["white_point"] * draw.uniform()).view(-1, 1, 1)
        other = (lamp / white.clamp(min=0.2)) ** way
        matrix, offset = other * matrix, other * offset
    return matrix, offset


def _chroma(saturation: Tensor, hue: Tensor) -> Tensor:
    """The map (m, 3, 3) that stretches and turns colours about grey."""
    to_yiq = torch.tensor(_YIQ, device=saturation.device)
    cos, sin = saturation * torch.cos(hue), saturation * torch.sin(hue)
    turn = torch.zeros(len(hue), 3, 3, device=hue.device)
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = cos
    turn[:, 1, 2], turn[:, 2, 1] = -sin, sin
    return torch.linalg.inv(to_yiq) @ turn @ to_yiq


def _own_white(images: Tensor) -> Tensor:
    """The brightest colour of some extent, (m, 3, 1)."""
    extent = max(1, min(images.shape[2:]) // 12)
    return F.avg_pool2d(images, extent).amax(dim=(2, 3)).unsqueeze(2)


def _density(strengths: Strengths, draw: Draw) -> tuple[Tensor, Tensor]:
    """Matrix (m, 3, 3) and offset (m, 3, 1) for logarithms of light; a power is but a factor there."""
    none = torch.zeros(len(draw), device=draw.device)
    stain = strengths.get("stain", none).view(-1, 1).expand(-1, 3)
    matrix, offset = stain_map(1 + draw.symmetric(stain), draw.symmetric(stain))
    gamma = torch.exp(draw.symmetric(torch.log1p(strengths.get("gamma", none)))).view(-1, 1, 1)
    return gamma * matrix, gamma * offset
