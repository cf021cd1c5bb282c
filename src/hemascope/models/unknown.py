"""A score that says "none of these classes", computed from what the network sees."""

import torch
from torch import Tensor, nn

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
