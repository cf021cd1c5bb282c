"""Batches of images in memory, in an order that depends on seed and epoch alone."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from hemascope.train.balance import draw, draw_by_weight, draws_an_epoch
from hemascope.train.recipe import Balance


class ImagesInMemory(Dataset[tuple[Tensor, Tensor]]):
    """Images uint8 (n, size, size, 3) and class numbers int64 (n,); a list of positions gives a batch.

    A batch is (uint8 (b, 3, size, size) in channels-last memory, int64 (b,)).
    """

    def __init__(self, images: np.ndarray, targets: np.ndarray) -> None:
        self.images = torch.from_numpy(images)
        self.targets = torch.from_numpy(targets)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, positions: list[int]) -> tuple[Tensor, Tensor]:
        return self.images[positions].permute(0, 3, 1, 2), self.targets[positions]


class Draws(NamedTuple):
    """One batch of draws: positions of its images, and whether each was drawn before in the same epoch."""

    positions: list[int]
    extra: list[bool]


class DrawnImages(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """`ImagesInMemory` by `Draws`: a batch has two parts more.

    They are bool (b,), true for the extra draws, and bool (b, k), true for the classes that do not count against an
    image; (b, 1) and false where all count.
    """

    def __init__(self, images: ImagesInMemory, hidden: np.ndarray | None = None) -> None:
        self.images = images
        self.hidden = torch.from_numpy(np.zeros((len(images), 1), bool) if hidden is None else hidden)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, draws: Draws) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return *self.images[draws.positions], torch.tensor(draws.extra), self.hidden[draws.positions]


class ShuffledBatches(Sampler[Draws]):
    """Full batches, drawn anew each epoch; the rest that fills no batch waits for another epoch.

    Lightning calls `set_epoch`, so a resumed training sees the order that an uninterrupted one would.

    Args:
        targets: class numbers int64 (n,).
        batch_size: images a batch, or n where that is less.
        seed: with the epoch, all that the draws depend on.
        balance: how often to draw each class; the number of batches is the same with any.
        weights: float (n,), how often to draw each image, in proportion; it takes the place of the balance.
    """

    def __init__(
        self,
        targets: np.ndarray,
        batch_size: int,
        seed: int,
        balance: Balance | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        self.targets, self.batch_size, self.seed = targets, min(batch_size, len(targets)), seed
        self.balance = balance or Balance()
        self.weights = weights
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration gives."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.targets) // self.batch_size

    def __iter__(self) -> Iterator[Draws]:
        generator = np.random.default_rng([self.seed, self.epoch])
        total = draws_an_epoch(len(self.targets), self.batch_size)
        if self.weights is not None:
            order, extra = draw_by_weight(self.weights, total, generator)
        elif self.balance.changes_draws:
            order, extra = draw(self.targets, total, self.balance.strength, generator)
        else:
            order, extra = generator.permutation(len(self.targets)), np.zeros(total, bool)
        for start in range(0, total, self.batch_size):
            batch = slice(start, start + self.batch_size)
            yield Draws(order[batch].tolist(), extra[batch].tolist())


def training_batches(
    images: np.ndarray,
    targets: np.ndarray,
    batch_size: int,
    seed: int,
    balance: Balance | None = None,
    weights: np.ndarray | None = None,
    hidden: np.ndarray | None = None,
) -> DataLoader:
    """Shuffled batches to train on: images uint8 (b, 3, size, size), targets int64 (b,), and what `DrawnImages` adds.

    Args:
        images, targets, batch_size, seed, balance, weights: as of `ImagesInMemory` and `ShuffledBatches`.
        hidden: bool (n, k), the classes that do not count against each image.
    """
    sampler = ShuffledBatches(targets, batch_size, seed, balance, weights)
    dataset = DrawnImages(ImagesInMemory(images, targets), hidden)
    # Its own generator: else every new pass draws from the global one and moves dropout's random numbers.
    return DataLoader(dataset, sampler=sampler, batch_size=None, generator=torch.Generator())


def evaluation_batches(
    images: np.ndarray, targets: np.ndarray, batch_size: int = 128, share: slice | None = None
) -> DataLoader:
    """All images in their order, or a share of them; one batch at least, which may be empty."""
    chosen = range(len(images))[share or slice(None)]
    positions = [list(chosen[i : i + batch_size]) for i in range(0, max(len(chosen), 1), batch_size)]
    return DataLoader(ImagesInMemory(images, targets), sampler=positions, batch_size=None, generator=torch.Generator())


def to_unit_range(images: Tensor) -> Tensor:
    """Uint8 (n, 3, h, w) to float32 in [0, 1], memory format kept."""
    return images.to(torch.float32).div_(255)
