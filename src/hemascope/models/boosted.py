"""Many weak learners as one network: networks side by side, or trees and linear learners on one backbone's features."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network

Voting = Literal["probabilities", "classes"]
"""What a learner gives to the vote: its probability of every class, or one vote for its likeliest class."""


class Vote(nn.Module):
    """Logits of several learners to those of the ensemble.

    SAMME (Zhu, Zou, Rosset and Hastie 2009, "Multi-class AdaBoost") says the class with the largest sum of
    ``alpha_t`` over the learners that vote for it. Their section 2 gives the probabilities that belong to such sums
    F: p_k is in proportion to exp(F_k / (K - 1)), F_k counting 1 for a vote and -1 / (K - 1) for any other. So these
    are the logits here, up to a constant; the temperature, which is fitted afterwards, corrects what is left.

    With ``voting`` "classes" the vote is SAMME's own. "probabilities" gives each class the learner's probability
    instead: a learner that hesitates says so. Either way the gradient is that of the probabilities, so that heatmaps
    can be computed; a vote for one class has none.

    Args:
        alphas: weight of each learner's vote, (t,); every one above 0.
        voting: see above.

    >>> vote = Vote([2.0, 1.0], "classes")
    >>> said = torch.tensor([[[9.0, 0.0, 0.0], [0.0, 0.1, 0.0]]])  # one image, two learners, three classes
    >>> vote(said)
    tensor([[1.5000, 0.7500, 0.0000]])
    """

    alphas: Tensor

    def __init__(self, alphas: Sequence[float], voting: Voting = "probabilities") -> None:
        super().__init__()
        self.voting = voting
        self.register_buffer("alphas", torch.tensor(list(alphas), dtype=torch.float32))

    def forward(self, logits: Tensor) -> Tensor:
        """Float (n, t, k) to float (n, k)."""
        classes = logits.shape[2]
        votes = torch.softmax(logits, dim=2)
        if self.voting == "classes":
            # The value is the vote, the gradient that of the probabilities.
            votes = F.one_hot(logits.argmax(2), classes).to(votes.dtype) + (votes - votes.detach())
        return (self.alphas[:, None] * votes).sum(1) * (classes / (classes - 1) ** 2)


class Boosted(Averaged):
    """Networks that vote by their weights; features, size and normalisation as `Averaged` has them.

    Args:
        members: the learners, which see images of one size; they are not copied.
        alphas: weight of each one's vote.
        voting: see `Vote`.

    >>> from hemascope.models.network import create_network
    >>> two = [create_network("vanilla_cnn", classes=8, input_size=32, pretrained=False) for _ in range(2)]
    >>> Boosted(two, [1.0, 0.5]).eval()(torch.rand(1, 3, 32, 32)).shape
    torch.Size([1, 8])
    """

    def __init__(self, members: Sequence[Network], alphas: Sequence[float], voting: Voting = "probabilities") -> None:
        super().__init__(members)
        heads = [member.head for member in members]
        self.head = _NetworkVotes(heads, [member.description.features for member in members], Vote(alphas, voting))


class _NetworkVotes(nn.Module):
    def __init__(self, heads: Sequence[nn.Module], widths: Sequence[int], vote: Vote) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.widths = list(widths)
        self.vote = vote

    def forward(self, features: Tensor) -> Tensor:
        parts = features.split(self.widths, dim=1)
        return self.vote(torch.stack([head(part) for head, part in zip(self.heads, parts, strict=True)], dim=1))


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
