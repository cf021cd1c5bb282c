"""A score that says "none of these classes", computed from what the network sees."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network

PARTS = 3


class UnknownScore(nn.Module):
    """How little an image is like the known classes' cells, in (0, 1); fitted by `hemascope.train.unknown`.

    Three parts that are blind in different places, each divided by its spread over known cells, are added:

    - **relative distance** (Ren et al. 2021, "A simple fix to Mahalanobis distance for improving near-OOD detection"):
      Mahalanobis' distance to the nearest class less that to all known cells together, augmented ones among them.
      What all cells share, stain and camera among it, cancels.
    - **plain distance** (Lee et al. 2018): to the nearest class, by the covariance within classes of training images
      as they are. It is the sharpest, but answers to another stain or focus too; where augmented known cells are far,
      its spread is large and its weight small.
    - **outlier head** (Hendrycks et al. 2019, "Deep anomaly detection with outlier exposure"): a small perceptron that
      tells known cells from made pictures of no cell.

    All see ``d`` linear combinations of the network's features at several depths, in which the covariance within
    classes is the unit matrix and the covariance of all cells is diagonal (linear discriminants).

    The sum s becomes 1/2 + z / (2 (1 + |z|)), z = s - threshold: exactly 1/2 at the threshold, and slower to saturate
    than the logistic function, so that very strange pictures keep their order.

    Args:
        inputs: number of features D.
        dimensions: d.
        classes: number of classes.
        hidden: width of the head.
    """

    mean: Tensor
    variance: Tensor
    plain_mean: Tensor
    centre: Tensor
    spread: Tensor
    threshold: Tensor

    def __init__(self, inputs: int, dimensions: int, classes: int, hidden: int = 64) -> None:
        super().__init__()
        self.project = nn.Linear(inputs, dimensions)
        self.register_buffer("mean", torch.zeros(classes, dimensions))  # of each class
        self.register_buffer("variance", torch.ones(dimensions))  # of all known cells, whose mean is 0
        self.plain = nn.Linear(dimensions, dimensions, bias=False)  # the covariance of images as they are becomes 1
        self.register_buffer("plain_mean", torch.zeros(classes, dimensions))
        self.head = nn.Sequential(nn.Linear(dimensions, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.register_buffer("centre", torch.zeros(PARTS))
        self.register_buffer("spread", torch.ones(PARTS))
        self.register_buffer("threshold", torch.zeros(()))

    def parts(self, levels: Tensor) -> Tensor:
        """Relative distance, plain distance and the head's log odds, float (n, 3), of features float (n, D)."""
        z = self.project(levels)
        relative = _nearest(z, self.mean) - (z**2 / self.variance).sum(1)
        plain = _nearest(self.plain(z), self.plain_mean).sqrt()
        return torch.stack([relative, plain, self.head(z * self.variance.rsqrt())[:, 0]], dim=1)

    def total(self, levels: Tensor) -> Tensor:
        """The sum of the parts, each by its own spread, float (n,)."""
        return ((self.parts(levels) - self.centre) / self.spread).sum(1)

    def forward(self, levels: Tensor) -> Tensor:
        """The score, float (n,), of features float (n, D); above 1/2 an image is probably none of the classes."""
        z = self.total(levels) - self.threshold
        return 0.5 + 0.5 * z / (1 + z.abs())


def _nearest(z: Tensor, means: Tensor) -> Tensor:
    """The squared distance to the nearest mean (k, d), float (n,), of points float (n, d)."""
    return ((z[:, None, :] - means) ** 2).sum(2).amin(1)


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
        return pooled, torch.cat([*_mean_and_deviation(early), pooled], dim=1)


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


def _mean_and_deviation(stages: Sequence[Tensor]) -> list[Tensor]:
    """Of each stage's maps, float (n, c, h, w): float (n, c) each, all in the order of the stages."""
    return [part for maps in stages for part in (maps.mean((2, 3)), maps.flatten(2).std(2, correction=0))]


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
        return torch.cat([*_mean_and_deviation(early), backbone.forward_head(last)], dim=1)
