"""What chance gives each image of a batch: its random numbers, its operations and their strengths."""

import math
from functools import cache
from typing import Self

import torch
from torch import Tensor

from hemascope.augment.policy import FULL, GROUPS, Policy

_POOL = 1 << 17


class Draw:
    """Draws for some rows of a batch; every draw is made for the whole batch and cut down to the rows.

    So what an image gets by :meth:`uniform`, :meth:`symmetric` or :meth:`chance` does not hang on which of the others
    take part. :meth:`normal` and :meth:`pixels` are drawn for the rows alone, because whole images of them cost time.

    Args:
        generator: source of all randomness; its device is that of every draw.
        total: images in the batch.
        rows: int64 (m,), the images to draw for; None: all.

    >>> Draw(torch.Generator().manual_seed(0), 4).uniform().shape
    torch.Size([4])
    """

    def __init__(self, generator: torch.Generator, total: int, rows: Tensor | None = None) -> None:
        self.generator = generator
        self.device = generator.device
        self._total = total
        self._rows = torch.arange(total, device=self.device) if rows is None else rows
        self._cut: tuple[int, Tensor] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, rows: Tensor) -> Self:
        """Draws for some of the rows: int64 positions among them."""
        return type(self)(self.generator, self._total, self._rows[rows])

    def cut(self, rows: Tensor) -> Self:
        """What some of the rows, int64 positions among them, get when draws are made for them all.

        The generator moves on as it does for all of them: processes that cut differently stay in step.
        """
        part = self.of(rows)
        part._cut = len(self), rows
        return part

    def uniform(self, *columns: int) -> Tensor:
        """float32 (m, *columns), even in [0, 1)."""
        return torch.rand(self._total, *columns, generator=self.generator, device=self.device)[self._rows]

    def symmetric(self, strength: Tensor) -> Tensor:
        """float32 like ``strength`` (m, ...), even between minus and plus it."""
        return strength * (2 * self.uniform(*strength.shape[1:]) - 1)

    def chance(self, share: float) -> Tensor:
        """bool (m,), True with probability ``share``."""
        return self.uniform() < share

    def normal(self, *shape: int) -> Tensor:
        """float32 of any shape, standard normal.

        Each row along the last axis, which must be shorter than the pool, is a stretch from a random place of a fixed
        pool of 131,072 numbers: ten times as fast as new numbers.
        """
        stretches = _pool(self.device).unfold(0, shape[-1], 1)
        count = self._drawn(shape[0]), math.prod(shape[1:-1])
        places = torch.randint(len(stretches), count, generator=self.generator, device=self.device)
        return stretches.index_select(0, self._own(places).flatten()).view(shape)

    def pixels(self, *shape: int) -> Tensor:
        """float32 of any shape, even in [0, 1)."""
        return self._own(torch.rand(self._drawn(shape[0]), *shape[1:], generator=self.generator, device=self.device))

    def _drawn(self, count: int) -> int:
        return self._cut[0] if self._cut else count

    def _own(self, drawn: Tensor) -> Tensor:
        return drawn[self._cut[1]] if self._cut else drawn


@cache
def _pool(device: torch.device) -> Tensor:
    return torch.randn(_POOL, generator=torch.Generator().manual_seed(0)).to(device)


Strengths = dict[str, Tensor]

RANDOM_OPERATIONS = tuple(name for name in FULL if name != "flip")
"""What RandAugment chooses among; a mirror image has no strength."""


def draw_strengths(policy: Policy, draw: Draw) -> Strengths:
    """The strength of every operation for every image: float32 (m,) each, 0 where the image does not get it.

    Angles are radians, zoom its natural logarithm, flip a probability, all others as in the policy. An operation that
    no image can get is absent.
    """
    wanted = {name: _in_unit(name, strength) for name, strength in policy.strengths.items()}
    grouped = {name for names in GROUPS.values() for name in names}
    strengths = {
        name: torch.full((len(draw),), strength, device=draw.device)
        for name, strength in wanted.items()
        if name not in grouped
    }
    for group, names in GROUPS.items():
        members = [name for name in names if name in wanted]
        if members:
            place = len(members) * draw.uniform()
            applies = draw.chance(policy.occlude if group == "occlusion" else policy.degrade)
            for number, name in enumerate(members):
                strengths[name] = wanted[name] * (applies & (place.long() == number))
    if policy.rand and policy.magnitude:
        _add_random(strengths, policy, draw)
    return strengths


def _add_random(strengths: Strengths, policy: Policy, draw: Draw) -> None:
    """RandAugment (Cubuk et al. 2020): some operations an image, without repetition, beside the fixed ones."""
    order = draw.uniform(len(RANDOM_OPERATIONS))
    chosen = torch.zeros_like(order).scatter_(1, order.topk(policy.rand, dim=1).indices, 1.0)
    for column, name in zip(chosen.T, RANDOM_OPERATIONS, strict=True):
        added = policy.magnitude * _in_unit(name, FULL[name]) * column
        strengths[name] = torch.maximum(strengths[name], added) if name in strengths else added


def _in_unit(name: str, strength: float) -> float:
    if name == "zoom":
        return math.log(strength)
    return math.radians(strength) if name in ("rotation", "shear", "hue") else strength
