"""The detector's network: an ImageNet backbone to a sixteenth of the side and back to a quarter; a heat map and boxes.

Every kind of cell has a map whose peaks are the cells' centres, and at each place the distances to a box's four sides
(Zhou et al. 2019, "Objects as points"; Liu et al. 2020, TTFNet). All is convolution, so a piece of a field gives what
the whole gives, but within `REACH` of its edges.
"""

import math
from typing import NamedTuple

import timm
import torch
import torch.nn.functional as F
from timm.layers import Conv2dSame
from torch import Tensor, nn

from hemascope.fields.detector import KINDS
from hemascope.models.pretrained import PACKAGED_MEAN, PACKAGED_STD, load_packaged

BACKBONE = "tf_efficientnet_lite0"
STRIDE = 16
REACH = 288
CELL = 4
"""Working pixels a place of the maps is wide."""

_WIDTH = 64
_RARE = 0.01
_TYPICAL = {"white": 40.0, "red": 24.0, "platelet": 9.0}


class Maps(NamedTuple):
    """What the network gives for pieces of side s.

    Attributes:
        heat: logits float (n, kinds, s/4, s/4).
        sides: distances from a place's centre to the box's left, top, right and bottom in working pixels,
            float (n, kinds, 4, s/4, s/4), positive.
    """

    heat: Tensor
    sides: Tensor


class CellNetwork(nn.Module):
    """RGB pieces in [0, 1] to `Maps`.

    >>> network = CellNetwork(pretrained=False).eval()
    >>> network(torch.rand(1, 3, 64, 96)).heat.shape
    torch.Size([1, 3, 16, 24])
    """

    mean: Tensor
    std: Tensor
    typical: Tensor

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        whole = timm.create_model(BACKBONE, num_classes=0)
        if pretrained:
            load_packaged(BACKBONE, whole)
        _pad_as_even(whole)
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = nn.ModuleList(whole.blocks[:5])
        self.context = nn.Sequential(_Separable(112, 112, 5), _Separable(112, 112, 5))
        self.lateral = nn.ModuleList(nn.Conv2d(width, _WIDTH, 1) for width in (24, 40, 112))
        self.merge = nn.ModuleList(_Separable(_WIDTH, _WIDTH, 3) for _ in range(2))
        self.neck = nn.Sequential(_Separable(_WIDTH, _WIDTH, 3), _Separable(_WIDTH, _WIDTH, 3))
        heat, sides = nn.Conv2d(_WIDTH, len(KINDS), 1), nn.Conv2d(_WIDTH, 4 * len(KINDS), 1)
        nn.init.constant_(heat.bias, math.log(_RARE / (1 - _RARE)))  # type: ignore[arg-type]  # it has a bias
        nn.init.zeros_(sides.weight)
        nn.init.zeros_(sides.bias)  # type: ignore[arg-type]
        self.heat = nn.Sequential(_Separable(_WIDTH, _WIDTH, 3), heat)
        self.sides = nn.Sequential(_Separable(_WIDTH, _WIDTH, 3), sides)
        self.register_buffer("mean", torch.tensor(PACKAGED_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PACKAGED_STD).view(1, 3, 1, 1), persistent=False)
        typical = torch.tensor([_TYPICAL[kind] for kind in KINDS]).view(1, -1, 1, 1, 1)
        self.register_buffer("typical", typical, persistent=False)

    def forward(self, images: Tensor) -> Maps:
        """Images float (n, 3, h, w) in [0, 1], their sides multiples of 16."""
        found = self.stem((images - self.mean) / self.std)
        kept = []
        for number, stage in enumerate(self.stages):
            found = stage(found)
            if number in (1, 2):
                kept.append(found)
        found = self.lateral[2](self.context(found))
        for lateral, merge, fine in zip((self.lateral[1], self.lateral[0]), self.merge, reversed(kept), strict=True):
            found = merge(lateral(fine) + F.interpolate(found, scale_factor=2.0, mode="nearest"))
        found = self.neck(found)
        sides = self.sides(found).float().unflatten(1, (len(KINDS), 4))
        return Maps(self.heat(found).float(), self.typical * sides.clamp(-4, 4).exp())


class _Separable(nn.Sequential):
    """A depthwise convolution, then one of single pixels."""

    def __init__(self, width: int, out: int, side: int) -> None:
        super().__init__(
            nn.Conv2d(width, width, side, padding=side // 2, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(inplace=True),
            nn.Conv2d(width, out, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU6(inplace=True),
        )


def _pad_as_even(module: nn.Module) -> None:
    """Pad by constants: what TensorFlow's rule comes to where every side is even, and what a graph can hold."""
    for name, child in module.named_children():
        if isinstance(child, Conv2dSame):
            side, step = child.kernel_size[0], child.stride[0]
            total = side - step if step > 1 else side - 1
            before = total // 2
            plain = nn.Conv2d(child.in_channels, child.out_channels, side, step, groups=child.groups, bias=False)
            plain.load_state_dict(child.state_dict())
            setattr(module, name, nn.Sequential(nn.ZeroPad2d((before, total - before) * 2), plain))
        else:
            _pad_as_even(child)
