"""Random numbers, one row an image, that do not depend on which other images are changed."""

import math
from functools import cache
from typing import Self

import torch
from torch import Tensor

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

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, rows: Tensor) -> Self:
        """Draws for some of the rows: int64 positions among them."""
        return type(self)(self.generator, self._total, self._rows[rows])

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
        places = torch.randint(len(stretches), (math.prod(shape[:-1]),), generator=self.generator, device=self.device)
        return stretches.index_select(0, places).view(shape)

    def pixels(self, *shape: int) -> Tensor:
        """float32 of any shape, even in [0, 1)."""
        return torch.rand(shape, generator=self.generator, device=self.device)


@cache
def _pool(device: torch.device) -> Tensor:
    return torch.randn(_POOL, generator=torch.Generator().manual_seed(0)).to(device)
