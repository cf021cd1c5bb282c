"""What the own networks share: a row of stages, with the methods of a timm network."""

from collections.abc import Sequence
from typing import Any

from timm.models import register_model
from torch import Tensor, nn


class StagedCNN(nn.Module):
    """Stages that each halve the side, then the mean over the image and, where asked for, a linear classifier.

    It has the methods of timm's networks that the rest of hemascope calls: `forward_features`, `forward_head`,
    `forward_intermediates` and `feature_info`.

    Args:
        stages: modules from float (n, c, h, w) to float (n, c', h // 2, w // 2).
        widths: the c' of each.
        num_classes: 0 for no classifier: the network then gives its pooled features.
    """

    def __init__(self, stages: list[nn.Module], widths: tuple[int, ...], num_classes: int = 0) -> None:
        super().__init__()
        self.stages = nn.Sequential(*stages)
        self.num_features = widths[-1]
        self.num_classes = num_classes
        self.feature_info = [
            {"num_chs": width, "reduction": 2 ** (i + 1), "module": f"stages.{i}"} for i, width in enumerate(widths)
        ]
        self.fc = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def forward_features(self, images: Tensor) -> Tensor:
        """The last stage's maps, float (n, features, h', w'), of float (n, 3, h, w)."""
        return self.stages(images)

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Pooled features, float (n, features), or logits where there is a classifier, of the last stage's maps."""
        pooled = maps.mean((2, 3))
        return pooled if pre_logits else self.fc(pooled)

    def forward_intermediates(
        self, images: Tensor, indices: Sequence[int] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """The last stage's maps, and those of the stages ``indices``, counted from 0; None for all."""
        wanted = range(len(self.stages)) if indices is None else indices
        maps, kept = images, []
        for i, stage in enumerate(self.stages):
            maps = stage(maps)
            if i in wanted:
                kept.append(maps)
        return maps, kept

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features, or logits, of float (n, 3, h, w)."""
        return self.forward_head(self.forward_features(images))


def start_weights(network: nn.Module) -> None:
    """Draw the convolutions' weights for ReLU (He et al. 2015) and make their biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


_VANILLA_CNN_WIDTHS = (32, 64, 128, 256)
"""Filters of the four convolutions."""


class VanillaCNN(StagedCNN):
    """Four times a 3x3 convolution, ReLU and 2x2 max pooling; 0.39 million parameters.

    The plain network that a course on deep learning begins with. It has no normalisation, no shortcuts and no
    pretrained weights: what it scores is the floor that the others are measured from. The mean over the last maps, in
    place of a flattened image, lets it take any size from 16 pixels on.

    >>> import torch
    >>> VanillaCNN()(torch.zeros(2, 3, 28, 28)).shape
    torch.Size([2, 256])
    """

    def __init__(self, num_classes: int = 0) -> None:
        inputs = (3, *_VANILLA_CNN_WIDTHS)
        stages: list[nn.Module] = [
            nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
            for before, after in zip(inputs, _VANILLA_CNN_WIDTHS, strict=False)
        ]
        super().__init__(stages, _VANILLA_CNN_WIDTHS, num_classes)
        start_weights(self)


@register_model
def vanilla_cnn(pretrained: bool = False, num_classes: int = 1000, **options: Any) -> VanillaCNN:
    """What ``timm.create_model("vanilla_cnn")`` calls; timm's further options mean nothing to it."""
    return VanillaCNN(num_classes)


_MICRO_CELL_WIDTHS = (16, 32, 64, 128)
"""Filters of the four stages."""


class MicroCell(StagedCNN):
    """Four stages of two 3x3 convolutions with BatchNorm and ReLU, then 2x2 max pooling; 0.29 million parameters.

    In the manner of Microcell-Net (K. Dwivedi and M. K. Dutta, "Microcell-Net: A deep neural network for multi-class
    classification of microscopic blood cell images", Expert Systems 40(7):e13295, 2023). Known of the original is what
    its title and its citations say: a convolutional network of the authors' own, made for microscopic images of blood
    cells and trained on them alone. Its table of layers is not public, so this is no copy of it, and the paper's scores
    are not this network's. Depth, widths, BatchNorm, the pairs of convolutions of VGG (Simonyan and Zisserman 2015) and
    the mean over the last maps are our choice.

    >>> import torch
    >>> MicroCell().eval()(torch.zeros(2, 3, 28, 28)).shape
    torch.Size([2, 128])
    """

    def __init__(self, num_classes: int = 0) -> None:
        inputs = (3, *_MICRO_CELL_WIDTHS)
        stages: list[nn.Module] = [
            nn.Sequential(*_convolution(before, after), *_convolution(after, after), nn.MaxPool2d(2))
            for before, after in zip(inputs, _MICRO_CELL_WIDTHS, strict=False)
        ]
        super().__init__(stages, _MICRO_CELL_WIDTHS, num_classes)
        start_weights(self)


def _convolution(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()


@register_model
def micro_cell(pretrained: bool = False, num_classes: int = 1000, **options: Any) -> MicroCell:
    """What ``timm.create_model("micro_cell")`` calls; timm's further options mean nothing to it."""
    return MicroCell(num_classes)
