from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from hemascope.augment.policy import Policy
from hemascope.train.module import CellTraining, weighted_cross_entropy
from hemascope.train.recipe import Balance, Recipe


def some_logits() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 3, generator=generator), torch.arange(12) % 3


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_or_with_equal_weights_it_is_torchs_own(smoothing: float) -> None:
    logits, targets = some_logits()
    expected = F.cross_entropy(logits, targets, label_smoothing=smoothing)
    torch.testing.assert_close(weighted_cross_entropy(logits, targets, None, smoothing), expected)
    torch.testing.assert_close(weighted_cross_entropy(logits, targets, torch.ones(3), smoothing), expected)


def test_an_image_counts_by_its_own_class_whatever_else_is_in_the_batch() -> None:
    logits, targets = some_logits()
    weights = torch.tensor([0.5, 1.0, 3.0])
    alone = [
        weights[y] * F.cross_entropy(row[None], y[None], label_smoothing=0.1)
        for row, y in zip(logits, targets, strict=True)
    ]
    torch.testing.assert_close(weighted_cross_entropy(logits, targets, weights, 0.1), torch.stack(alone).mean())


def test_smoothing_draws_no_class_towards_the_rare_ones() -> None:
    # Images of class 0 alone: the best prediction is the smoothed label, whatever the weights of the others.
    logits = torch.zeros(4, 3, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=5.0)
    for _ in range(300):
        optimizer.zero_grad()
        weighted_cross_entropy(logits, torch.zeros(4, dtype=torch.int64), torch.tensor([0.5, 1.0, 9.0]), 0.3).backward()
        optimizer.step()
    torch.testing.assert_close(logits.softmax(1)[0], torch.tensor([0.8, 0.1, 0.1]), atol=1e-3, rtol=0)


class Watcher(nn.Module):
    """A network that keeps the images that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen = images
        return self.bias.expand(len(images), -1)


@pytest.mark.parametrize("name", ["uniform", "augment_rare"])
def test_extra_draws_of_augment_rare_are_never_clean(name: Any) -> None:
    recipe = Recipe(augment=Policy(clean=0.9, brightness=0.5), balance=Balance(name=name))
    network: Any = Watcher()
    module = CellTraining(network, recipe, classes=3, steps=1)
    images = torch.from_numpy(np.random.default_rng(0).integers(60, 120, (200, 3, 8, 8), np.uint8))
    extra = torch.arange(200) % 2 == 0
    module.training_step((images, torch.zeros(200, dtype=torch.int64), extra), 0)
    clean = (network.seen == images / 255).flatten(1).all(dim=1)
    assert clean[~extra].float().mean() == pytest.approx(0.9, abs=0.1)
    assert clean[extra].float().mean() == pytest.approx(0 if name == "augment_rare" else 0.9, abs=0.1)
    assert name == "uniform" or not clean[extra].any()
