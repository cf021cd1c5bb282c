from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from hemascope.augment.policy import Policy
from hemascope.train.module import CellTraining, weighted_cross_entropy, without_classes
from hemascope.train.recipe import Balance, Laboratories, Progressive, Recipe


def some_logits() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 3, generator=generator), torch.arange(12) % 3


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_or_with_equal_weights_it_is_torchs_own(smoothing: float) -> None:
    logits, targets = some_logits()
    expected = F.cross_entropy(logits, targets, label_smoothing=smoothing)
    shares = F.one_hot(targets, 3).float()
    torch.testing.assert_close(weighted_cross_entropy(logits, targets, None, smoothing), expected)
    torch.testing.assert_close(weighted_cross_entropy(logits, shares, torch.ones(3), smoothing), expected)


def test_an_image_counts_by_its_own_class_whatever_else_is_in_the_batch() -> None:
    logits, targets = some_logits()
    weights = torch.tensor([0.5, 1.0, 3.0])
    alone = [
        weights[y] * F.cross_entropy(row[None], y[None], label_smoothing=0.1)
        for row, y in zip(logits, targets, strict=True)
    ]
    measured = weighted_cross_entropy(logits, F.one_hot(targets, 3).float(), weights, 0.1)
    torch.testing.assert_close(measured, torch.stack(alone).mean())


def test_smoothing_draws_no_class_towards_the_rare_ones() -> None:
    # Images of class 0 alone: the best prediction is the smoothed label, whatever the weights of the others.
    logits = torch.zeros(4, 3, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=5.0)
    for _ in range(300):
        optimizer.zero_grad()
        weighted_cross_entropy(logits, torch.eye(3)[[0] * 4], torch.tensor([0.5, 1.0, 9.0]), 0.3).backward()
        optimizer.step()
    torch.testing.assert_close(logits.softmax(1)[0], torch.tensor([0.8, 0.1, 0.1]), atol=1e-3, rtol=0)


def test_a_mixed_label_is_the_mean_of_its_parts() -> None:
    logits, weights = some_logits()[0][:1], torch.tensor([0.5, 1.0, 3.0])
    first, second = (weighted_cross_entropy(logits, torch.eye(3)[[i]], None, 0) for i in (0, 2))
    mixed = torch.tensor([[0.25, 0, 0.75]])
    parts = 0.25 * first + 0.75 * second
    torch.testing.assert_close(weighted_cross_entropy(logits, mixed, None, 0), parts)
    torch.testing.assert_close(weighted_cross_entropy(logits, mixed, weights, 0), parts * (0.25 * 0.5 + 0.75 * 3))


ALL = torch.zeros(1, 3, dtype=torch.bool)
"""No class is hidden."""


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
    module.training_step((images, torch.zeros(200, dtype=torch.int64), extra, ALL), 0)
    clean = (network.seen == images / 255).flatten(1).all(dim=1)
    assert clean[~extra].float().mean() == pytest.approx(0.9, abs=0.1)
    assert clean[extra].float().mean() == pytest.approx(0 if name == "augment_rare" else 0.9, abs=0.1)
    assert name == "uniform" or not clean[extra].any()


@pytest.mark.parametrize("kind", ["mixup", "cutmix", "mixcut"])
def test_training_mixes_images_and_counts_a_mixed_label_by_its_parts(kind: Any) -> None:
    network: Any = Watcher()
    with torch.no_grad():
        network.bias += torch.tensor([0.0, 1.0, 0.0])  # always says class 1
    module = CellTraining(network, Recipe(mix=kind), classes=3, steps=1)
    targets = torch.arange(90) % 3
    values = (100 * targets).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)  # the pixels say the class
    module.training_step((values, targets, torch.zeros(90, dtype=torch.bool), ALL), 0)
    assert (network.seen != values / 255).any()
    assert module._train.accuracy == pytest.approx(1 / 3, abs=0.1)
    assert float(module._train.seen.sum()) == pytest.approx(90, abs=1e-3)
    shown = network.seen.mean() * 255 / 100
    torch.testing.assert_close(shown, (module._train.seen @ torch.arange(3.0)) / 90, atol=1e-4, rtol=0)


def test_progressive_resizing_shows_small_images_first() -> None:
    network: Any = Watcher()
    recipe = Recipe(epochs=4, input_size=32, progressive=Progressive(size=16, share=0.5))
    module = CellTraining(network, recipe, classes=3, steps=1)
    batch = (
        torch.full((4, 3, 32, 32), 51, dtype=torch.uint8),
        torch.zeros(4, dtype=torch.int64),
        torch.zeros(4) > 0,
        ALL,
    )
    module.training_step(batch, 0)
    assert network.seen.shape == (4, 3, 16, 16)
    torch.testing.assert_close(network.seen, torch.full_like(network.seen, 0.2))
    assert [recipe.progressive.size_at(epoch, 4) for epoch in range(4)] == [16, 16, None, None]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_hidden_classes_neither_count_nor_learn(smoothing: float) -> None:
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.tensor([0, 1, 2, 0, 1, 2])
    hidden = torch.zeros(6, 4, dtype=torch.bool)
    hidden[:, 3] = True
    shares = F.one_hot(targets, 4).float()
    loss = weighted_cross_entropy(without_classes(logits, hidden), shares, None, smoothing)
    torch.testing.assert_close(loss, F.cross_entropy(logits[:, :3], targets, label_smoothing=smoothing))
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[:, 3].any()
    assert logits.grad[:, :3].any()


def test_training_shows_cells_in_the_colours_of_other_laboratories() -> None:
    network: Any = Watcher()
    module = CellTraining(network, Recipe(laboratories=Laboratories(colours=1)), classes=3, steps=1)
    places = torch.arange(40) % 2
    images = (40 + 160 * places).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)
    module.training_step((images, places, places > 1, ALL), 0)
    shown = network.seen[places == 0].mean((1, 2, 3)) * 255
    assert shown.min() == pytest.approx(40, abs=0.01)
    assert 60 < shown.max() <= 200


@pytest.mark.parametrize(("absent", "moved"), [("count", True), ("hide", False)])
def test_a_laboratory_without_a_class_does_not_teach_that_it_is_never_there(absent: Any, moved: bool) -> None:
    network: Any = Watcher()
    recipe = Recipe(laboratories=Laboratories(absent=absent))
    module = CellTraining(network, recipe, classes=3, steps=1)
    hidden = torch.tensor([False, False, True]).expand(8, 3)
    images, targets = torch.zeros(8, 3, 8, 8, dtype=torch.uint8), torch.arange(8) % 2
    module.training_step((images, targets, targets > 1, hidden), 0).backward()
    assert bool(network.bias.grad[2]) is moved
