"""Many weak learners as one network: networks side by side, or trees and linear learners on one backbone's features."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network
from hemascope.models.voting import Voting


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
