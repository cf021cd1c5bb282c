"""What a network sees at several depths, in one row of numbers an image."""

from typing import Any

import torch
from torch import Tensor, nn

from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network


class Levels(nn.Module):
    """Pooled features of a Network, and the same with the mean and the deviation of two earlier stages.

    The last features are made to tell the classes apart and forget what the classes do not differ in; a picture that
    is no cell at all, or a cell of another kind, shows in the earlier ones too. The stages are the middle one and the
    last but one. A backbone of which timm cannot give the stages gives its pooled features alone. Of an `Averaged`
    ensemble the levels are those of its first member, so that they grow with no number of members, and an image that
    this one was not trained on can judge them.

    >>> from hemascope.models.network import create_network
    >>> network = create_network("tf_efficientnet_lite0", classes=8, input_size=64, pretrained=False).eval()
    >>> pooled, levels = Levels(network)(torch.rand(2, 3, 64, 64))
    >>> pooled.shape, levels.shape  # 2 * (40 + 112) + 1280
    (torch.Size([2, 1280]), torch.Size([2, 1584]))
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.first = Levels(network.members[0]) if isinstance(network, Averaged) else None
        self.stages = () if self.first else _stages(network)

    def levels(self, images: Tensor) -> Tensor:
        """Only the second of what `forward` gives; of an ensemble this asks one member instead of all."""
        if isinstance(self.network, Averaged) and self.first is not None:
            return self.first.levels(self.network.shown_to(0, images))
        return self.forward(images)[1]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Float (n, 3, size, size) in [0, 1] to float (n, d) and float (n, D), D >= d."""
        if isinstance(self.network, Averaged) and self.first is not None:
            pooled, levels = self.first(self.network.shown_to(0, images))  # the first member runs once for both
            others = enumerate(self.network.members[1:], 1)
            rest = [member.features(self.network.shown_to(number, images)) for number, member in others]
            return torch.cat([pooled, *rest], dim=1), levels
        if not self.stages:
            pooled = self.network.features(images)
            return pooled, pooled
        backbone: Any = self.network.backbone  # nn.Module's type tells nothing of timm's methods
        last, early = backbone.forward_intermediates(self.network.prepared(images), indices=list(self.stages))
        pooled = backbone.forward_head(last)
        parts = [part for maps in early for part in (maps.mean((2, 3)), maps.flatten(2).std(2, correction=0))]
        return pooled, torch.cat([*parts, pooled], dim=1)


def _stages(network: Network) -> tuple[int, ...]:
    """The stages to look at; none where timm's parts do not add up to what the backbone gives."""
    backbone: Any = network.backbone
    size = max(network.description.input_size, network.description.smallest)
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            images = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
            last, early = backbone.forward_intermediates(images)
            if not torch.allclose(backbone.forward_head(last), backbone(images), atol=1e-4):
                return ()
            if any(maps.ndim != 4 for maps in early):
                return ()
            return tuple(sorted({len(early) // 2, max(0, len(early) - 2)}))
    except (AttributeError, AssertionError, RuntimeError, TypeError):  # many kinds, by architecture
        return ()
    finally:
        network.train(training)
