from typing import Literal

import pytest
import torch
from torch import nn

from hemascope.train import recipe as recipes
from hemascope.train.optimizers import make_optimizer, make_schedule


@pytest.mark.parametrize("name", ["nadam", "adamw", "adam", "sgd", "rmsprop"])
def test_each_optimizer_learns_and_spares_norms_and_biases(
    name: Literal["nadam", "adamw", "adam", "sgd", "rmsprop"],
) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 1))
    optimizer = make_optimizer(network, recipes.Optimizer(name=name, learning_rate=0.01, weight_decay=0.1))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]
    assert all(p.ndim == 1 for p in optimizer.param_groups[1]["params"])
    inputs = torch.randn(64, 4)
    losses = []
    for _ in range(60):
        loss = (network(inputs) - inputs.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def rates(name: Literal["one_cycle", "cosine", "constant"], steps: int = 20) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = make_schedule(optimizer, recipes.Schedule(name=name), steps=steps, rate=0.1)["scheduler"]
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_schedules_move_the_rate_as_named() -> None:
    cycle = rates("one_cycle")
    assert cycle[0] == pytest.approx(0.1 / 25)
    assert max(cycle) == pytest.approx(0.1, rel=0.05)
    assert cycle[-1] < 0.01
    cosine = rates("cosine")
    assert cosine == sorted(cosine, reverse=True)
    assert cosine[0] == pytest.approx(0.1)
    assert set(rates("constant")) == {0.1}


def test_plateau_waits_for_val_loss() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    options = recipes.Schedule(name="plateau", factor=0.5, patience=1)
    schedule = make_schedule(optimizer, options, steps=1, rate=0.1)
    assert schedule["monitor"] == "val_loss"
    for loss in (1.0, 1.0, 1.0):
        schedule["scheduler"].step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)
