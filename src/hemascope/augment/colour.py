"""All colour of a batch in two maps: one affine in RGB, one affine in optical density."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hemascope.augment.draw import Draw, Strengths

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


AFFINE = ("brightness", "contrast", "saturation", "hue", "channel_gain", "channel_shift", "white_point")
DENSITY = ("gamma", "stain")

# Luma of ITU-R BT.601, as in Pillow's convert("L"), and two axes of colour at right angles to each other (YIQ).
_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
_DARKEST_LAMP = 0.75
_BLACK = 1e-4  # darker pixels have no logarithm worth the name


class Affine(NamedTuple):
    """A map of RGB for every image, float32: what it owes to the image's own colours is still to come.

    Attributes:
        matrix: (m, 3, 3).
        mean: (m, 3, 1), added once for every unit of the image's mean grey.
        offset: (m, 3, 1).
        lamp: (m, 3, 1), white under another lamp.
        way: (m, 1, 1), share of the way to go from the image's own white to the lamp's.
    """

    matrix: Tensor
    mean: Tensor
    offset: Tensor
    lamp: Tensor
    way: Tensor


class Colours(NamedTuple):
    """The colour maps of a batch; None: no such map."""

    affine: Affine | None
    density: tuple[Tensor, Tensor] | None

    def of(self, rows: Tensor) -> "Colours":
        """The maps of some of the images."""
        affine = self.affine and Affine(*(part[rows] for part in self.affine))
        return Colours(affine, self.density and (self.density[0][rows], self.density[1][rows]))


def draw_colours(strengths: Strengths, draw: Draw) -> Colours:
    """The colour maps of every image.

    Args:
        strengths: of the operations in ``AFFINE`` and ``DENSITY``.
        draw: for the images.
    """
    return Colours(
        _affine(strengths, draw) if any(name in strengths for name in AFFINE) else None,
        _density(strengths, draw) if any(name in strengths for name in DENSITY) else None,
    )


def recolour(images: Tensor, colours: Colours) -> Tensor:
    """Change the colours of every image by its own maps.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        colours: of these images.

    Returns:
        float32 (m, 3, h, w), where colours are out of range not yet clipped to [0, 1]; ``images`` itself where there
        are no maps.
    """
    flat = images.flatten(2)
    if colours.affine:
        matrix, offset = _completed(colours.affine, images)
        flat = torch.baddbmm(offset, matrix, flat)
    if colours.density:
        matrix, offset = colours.density
        flat = torch.baddbmm(offset, matrix, flat.clamp(_BLACK, 1).log2_()).exp2_()  # exp2 is 3 times as fast as exp
    return flat.view_as(images)


def _affine(strengths: Strengths, draw: Draw) -> Affine:
    none = torch.zeros(len(draw), device=draw.device)
    three = {name: strengths.get(name, none).view(-1, 1).expand(-1, 3) for name in AFFINE}
    brightness = 1 + draw.symmetric(strengths.get("brightness", none)).view(-1, 1, 1)
    contrast = 1 + draw.symmetric(strengths.get("contrast", none)).view(-1, 1, 1)
    mix = _chroma(1 + draw.symmetric(strengths.get("saturation", none)), draw.symmetric(strengths.get("hue", none)))
    gain = brightness * (1 + draw.symmetric(three["channel_gain"]).unsqueeze(2))
    shift = draw.symmetric(three["channel_shift"]).unsqueeze(2)
    lamp = _DARKEST_LAMP + (1 - _DARKEST_LAMP) * draw.uniform(3).unsqueeze(2)
    way = (strengths.get("white_point", none) * draw.uniform()).view(-1, 1, 1)
    return Affine(gain * contrast * mix, gain * (1 - contrast), shift, lamp, way)


def _completed(affine: Affine, images: Tensor) -> tuple[Tensor, Tensor]:
    """Matrix (m, 3, 3) and offset (m, 3, 1) of the whole affine map."""
    grey = torch.tensor(_YIQ[0], device=images.device)
    offset = affine.offset + affine.mean * (images.mean(dim=(2, 3)) @ grey).view(-1, 1, 1)
    white = affine.matrix @ _own_white(images) + offset
    other = (affine.lamp / white.clamp(min=0.2)) ** affine.way
    return other * affine.matrix, other * offset


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
    height, width = images.shape[2:]
    extent = max(1, min(height, width) // 12)
    whole = images[:, :, : height // extent * extent, : width // extent * extent]
    squares = whole.unflatten(2, (-1, extent)).mean(3).unflatten(3, (-1, extent)).mean(4)
    return squares.amax(dim=(2, 3)).unsqueeze(2)


def _density(strengths: Strengths, draw: Draw) -> tuple[Tensor, Tensor]:
    """Matrix (m, 3, 3) and offset (m, 3, 1) for binary logarithms of light; a power is but a factor there."""
    none = torch.zeros(len(draw), device=draw.device)
    stain = strengths.get("stain", none).view(-1, 1).expand(-1, 3)
    matrix, offset = stain_map(1 + draw.symmetric(stain), draw.symmetric(stain))
    gamma = torch.exp(draw.symmetric(torch.log1p(strengths.get("gamma", none)))).view(-1, 1, 1)
    return gamma * matrix, gamma * offset / math.log(2)
