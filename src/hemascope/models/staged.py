"""What the own networks share: a row of stages, with the methods of a timm network."""

from collections.abc import Sequence

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
