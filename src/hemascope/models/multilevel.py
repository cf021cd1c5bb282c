"""Features of several depths of a backbone: texture from its early stages beside the meaning of its last."""

from typing import Any

import torch
from torch import Tensor, nn


class MultiLevel(nn.Module):
    """A timm backbone whose pooled features come with the mean and the deviation of some earlier stages.

    What an ImageNet network says last tells objects apart; a picture laid over a cell, or chromatin's grain, shows
    in what it says first.

    Args:
        backbone: a timm network without classifier that has `forward_intermediates`.
        stages: which stages to add, as timm numbers them.

    >>> import timm
    >>> backbone = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    >>> MultiLevel(backbone, stages=(1, 2))(torch.zeros(2, 3, 64, 64)).shape  # 2 * (24 + 40) + 1280
    torch.Size([2, 1408])
    """

    def __init__(self, backbone: nn.Module, stages: tuple[int, ...] = (1, 2, 3)) -> None:
        super().__init__()
        self.backbone = backbone
        self.stages = stages

    def forward(self, images: Tensor) -> Tensor:
        """Float (n, 3, h, w), normalised, to float (n, d)."""
        backbone: Any = self.backbone  # nn.Module's type tells nothing of timm's methods
        last, early = backbone.forward_intermediates(images, indices=list(self.stages))
        pooled = [part for maps in early for part in (maps.mean((2, 3)), maps.flatten(2).std(2, correction=0))]
        return torch.cat([*pooled, backbone.forward_head(last)], dim=1)
