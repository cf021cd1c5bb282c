"""Batches of images in memory, in an order that depends on seed and epoch alone."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler


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


class ShuffledBatches(Sampler[list[int]]):
    """Positions of full batches, shuffled anew each epoch; the rest that fills no batch waits for another epoch.

    Lightning calls `set_epoch`, so a resumed training sees the order that an uninterrupted one would.
    """

    def __init__(self, n: int, batch_size: int, seed: int) -> None:
        self.n, self.batch_size, self.seed, self.epoch = n, min(batch_size, n), seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration gives."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.n // self.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield order[start : start + self.batch_size].tolist()


def training_batches(images: np.ndarray, targets: np.ndarray, batch_size: int, seed: int) -> DataLoader:
    """Shuffled batches to train on."""
    sampler = ShuffledBatches(len(images), batch_size, seed)
    # Its own generator: else every new pass draws from the global one and moves dropout's random numbers.
    return DataLoader(ImagesInMemory(images, targets), sampler=sampler, batch_size=None, generator=torch.Generator())


def evaluation_batches(images: np.ndarray, targets: np.ndarray, batch_size: int = 128) -> DataLoader:
    """All images in their order."""
    positions = [list(range(i, min(i + batch_size, len(images)))) for i in range(0, len(images), batch_size)]
    return DataLoader(ImagesInMemory(images, targets), sampler=positions, batch_size=None, generator=torch.Generator())


def to_unit_range(images: Tensor) -> Tensor:
    """Uint8 (n, 3, h, w) to float32 in [0, 1], memory format kept."""
    return images.to(torch.float32).div_(255)
