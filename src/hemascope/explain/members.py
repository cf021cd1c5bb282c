"""The networks that an ensemble is made of, and what each gives to its answer."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hemascope.models.boosted import Boosted
from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network


class Member(NamedTuple):
    """A network and the weight of its voice, > 0."""

    network: Network
    weight: float


def members_of(network: Network) -> list[Member]:
    """The parts of an ensemble: of one weight each in an average, with their alphas in a boosted one; else none.

    Learners that share one backbone are one network.
    """
    if not isinstance(network, Averaged):
        return []
    head: Any = network.head  # nn.Module's type tells nothing of the vote
    weights = head.vote.alphas.tolist() if isinstance(network, Boosted) else [1.0] * len(network.members)
    return [Member(member, weight) for member, weight in zip(network.members, weights, strict=True)]


def shares(members: list[Member], images: Tensor, classes: Tensor) -> Tensor:
    """What each member gives to the ensemble's answer: float32 (members, n), every column sums to 1.

    The share of member t in the weighted sum of the members' probabilities of the class, w_t p_t(c) / sum. It is also
    the factor of that member's gradient in the gradient of the logarithm of this sum.

    Args:
        members: at least one.
        images: float (n, 3, size, size) in [0, 1].
        classes: the class of each image, int64 (n,).
    """
    with torch.no_grad():
        logits = [member.network(fitted(member.network, images)) for member in members]
    said = torch.stack([each.float().log_softmax(1).gather(1, classes[:, None])[:, 0] for each in logits])
    weights = torch.tensor([member.weight for member in members], device=images.device)
    return torch.softmax(said + weights.log()[:, None], 0)


def fitted(network: Network, images: Tensor) -> Tensor:
    """The images at the network's own size."""
    size = network.description.input_size
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)
