"""Decision trees on the features of a backbone, as tensors, and their vote: a head like any other."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemascope.models.boosted import Vote

_LEAST = 1e-6  # probability of a class that a leaf never saw


class Trees(NamedTuple):
    """t decision trees, filled up with zeros to the size of the largest: at most i splits and l leaves.

    Attributes:
        feature: int64 (t, i), which feature a split looks at.
        threshold: float32 (t, i); up to it a split goes left.
        width: float32 (t, i), above 0; within about so much of the threshold an image goes both ways.
        left, right: float32 (t, i, l), 1 where the way to a leaf turns that way at a split, else 0.
        values: float32 (t, l, k), shares of the classes in a leaf, which sum to 1.
    """

    feature: np.ndarray
    threshold: np.ndarray
    width: np.ndarray
    left: np.ndarray
    right: np.ndarray
    values: np.ndarray


class TreeVotes(nn.Module):
    """Decision trees that vote, without a step from node to node.

    All splits of all trees are answered at once; the leaf that is reached is the one on whose way every answer
    agrees, found by a matrix product (the idea of Nakandala et al. 2020, "A tensor compiler for unified machine
    learning prediction serving"). An answer is 1 on one side of the threshold and 0 on the other, but within the
    split's width it passes over by a logistic function: else the rounding of another machine could send an image to
    another leaf, and a heatmap by gradients would be zero everywhere.

    Args:
        trees: the trees.
        vote: of the t trees.

    >>> split = np.ones((1, 1), np.float32)
    >>> stump = Trees(np.zeros((1, 1), np.int64), 0.5 * split, 0.01 * split, np.float32([[[1, 0]]]),
    ...               np.float32([[[0, 1]]]), np.eye(2, dtype=np.float32)[None])
    >>> TreeVotes(stump, Vote([1.0]))(torch.tensor([[0.2], [0.9]])).softmax(1).argmax(1)
    tensor([0, 1])
    """

    feature: Tensor
    threshold: Tensor
    width: Tensor
    left: Tensor
    right: Tensor
    values: Tensor

    def __init__(self, trees: Trees, vote: Vote) -> None:
        super().__init__()
        for name, array in trees._asdict().items():
            self.register_buffer(name, torch.from_numpy(array))
        self.vote = vote

    def learners(self, features: Tensor) -> Tensor:
        """What each tree says: the logarithms of its probabilities, float (n, t, k), of features float (n, d)."""
        seen = features[:, self.feature.flatten()].unflatten(1, tuple(self.feature.shape))
        left = ((self.threshold - seen) / self.width).transpose(0, 1)  # (t, n, i)
        # The logistic function's logarithm as a softplus: of a plain one the model file would take log(0).
        reached = torch.exp(-(F.softplus(-left) @ self.left + F.softplus(left) @ self.right))
        return torch.log(reached @ self.values + _LEAST).transpose(0, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Float (n, d) to logits, float (n, k)."""
        return self.vote(self.learners(features))
