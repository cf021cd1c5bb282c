"""MicroCell: a small network for cells, trained from scratch."""

from typing import Any

from timm.models import register_model
from torch import nn

from hemascope.models.staged import StagedCNN, start_weights

WIDTHS = (16, 32, 64, 128)
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
        inputs = (3, *WIDTHS)
        stages: list[nn.Module] = [
            nn.Sequential(*_convolution(before, after), *_convolution(after, after), nn.MaxPool2d(2))
            for before, after in zip(inputs, WIDTHS, strict=False)
        ]
        super().__init__(stages, WIDTHS, num_classes)
        start_weights(self)


def _convolution(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()


@register_model
def micro_cell(pretrained: bool = False, num_classes: int = 1000, **options: Any) -> MicroCell:
    """What ``timm.create_model("micro_cell")`` calls; timm's further options mean nothing to it."""
    return MicroCell(num_classes)
