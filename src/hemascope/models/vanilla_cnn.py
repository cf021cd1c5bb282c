"""VanillaCNN: convolutions and max pooling from scratch, and nothing else."""

from typing import Any

from timm.models import register_model
from torch import nn

from hemascope.models.staged import StagedCNN, start_weights

WIDTHS = (32, 64, 128, 256)
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
        inputs = (3, *WIDTHS)
        stages: list[nn.Module] = [
            nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
            for before, after in zip(inputs, WIDTHS, strict=False)
        ]
        super().__init__(stages, WIDTHS, num_classes)
        start_weights(self)


@register_model
def vanilla_cnn(pretrained: bool = False, num_classes: int = 1000, **options: Any) -> VanillaCNN:
    """What ``timm.create_model("vanilla_cnn")`` calls; timm's further options mean nothing to it."""
    return VanillaCNN(num_classes)
