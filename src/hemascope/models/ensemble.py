"""Several networks as one: the mean of their probabilities."""

import math
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemascope.models.network import Description, Network


class Averaged(Network):
    """The mean of the members' probabilities, with all that a `Network` has.

    Its features are the members' pooled features side by side, its logits the logarithm of the mean of the members'
    softmax, so that softmax(logits) is that mean. Members may be any Networks of the same classes, ensembles among
    them; they need not have the same input size or normalisation: the ensemble sees the largest, and shrinks it
    (bilinear, antialiased) for the others.

    Args:
        members: at least one; they keep their weights and are not copied.
        temperature: T > 0 of the members' calibration. The logits z are then such that softmax(z / T) is the mean of
            the members' softmax(z_i / T): calibrate first, then average.

    >>> from hemascope.models.network import create_network
    >>> small, large = (create_network("test_efficientnet", classes=3, input_size=size, pretrained=False).eval()
    ...                 for size in (32, 48))
    >>> both = Averaged([small, large])
    >>> both.description.network, both.description.input_size, both.description.features
    ('2 x test_efficientnet', 48, 512)
    >>> both(torch.rand(2, 3, 48, 48)).softmax(1).shape
    torch.Size([2, 3])
    """

    def __init__(self, members: Sequence[Network], temperature: float = 1.0) -> None:
        size = max(member.description.input_size for member in members)
        description = Description(
            network=_name([member.description.network for member in members]),
            input_size=size,
            mean=(0.0, 0.0, 0.0),  # each member normalises for itself
            std=(1.0, 1.0, 1.0),
            features=sum(member.description.features for member in members),
        )
        super().__init__(description, _Features(members, size), _MeanHead(members, temperature))

    @property
    def members(self) -> tuple[Network, ...]:
        """The networks that are averaged."""
        return tuple(cast(Network, member) for member in cast(_Features, self.backbone).members)

    def shown_to(self, number: int, images: Tensor) -> Tensor:
        """What a member sees of float (n, 3, size, size): the images at its own size."""
        return cast(_Features, self.backbone).shrink[number](images)


class Shrink(nn.Module):
    """Float (n, 3, size, size) to (n, 3, to, to), to <= size: bilinear with antialiasing, as two matrix products."""

    weight: Tensor

    def __init__(self, size: int, to: int) -> None:
        super().__init__()
        # Along one axis: what interpolation makes of each pixel alone. No model format lacks a matrix product.
        alone = torch.eye(size).view(size, 1, size, 1).repeat(1, 1, 1, 2)
        weight = F.interpolate(alone, (to, 2), mode="bilinear", antialias=True)[:, 0, :, 0]
        self.register_buffer("weight", weight.T.contiguous(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Shrink a batch."""
        return self.weight @ images @ self.weight.T


class _Features(nn.Module):
    def __init__(self, members: Sequence[Network], size: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        sizes = [member.description.input_size for member in members]
        self.shrink = nn.ModuleList([nn.Identity() if to == size else Shrink(size, to) for to in sizes])

    def forward(self, images: Tensor) -> Tensor:
        pairs = zip(self.members, self.shrink, strict=True)
        return torch.cat([cast(Network, member).features(shrink(images)) for member, shrink in pairs], dim=1)


class _MeanHead(nn.Module):
    def __init__(self, members: Sequence[Network], temperature: float) -> None:
        super().__init__()
        self.heads = nn.ModuleList([member.head for member in members])
        self.widths = [member.description.features for member in members]
        self.temperature = temperature

    def forward(self, features: Tensor) -> Tensor:
        parts = features.split(self.widths, dim=1)
        logits = [head(part) for head, part in zip(self.heads, parts, strict=True)]
        said = torch.stack([torch.log_softmax(each.float() / self.temperature, dim=1) for each in logits])
        return (said.logsumexp(0) - math.log(len(logits))) * self.temperature


def _name(networks: Sequence[str]) -> str:
    """The members' names, each once, with their number.

    >>> _name(["a", "b", "a"])
    '2 x a + b'
    """
    numbers = {name: networks.count(name) for name in networks}
    return " + ".join(f"{number} x {name}" if number > 1 else name for name, number in numbers.items())
