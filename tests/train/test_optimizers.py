from typing import Any, Literal

import pytest
import torch
from torch import nn

from hemascope.models.network import create_network
from hemascope.train import recipe as recipes
from hemascope.train.optimizers import add_l2, make_optimizer, make_schedule


@pytest.mark.parametrize("name", ["nadam", "adamw", "adam", "sgd", "rmsprop", "lion"])
def test_each_optimizer_learns_and_spares_norms_and_biases(
    name: Literal["nadam", "adamw", "adam", "sgd", "rmsprop", "lion"],
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
    schedule = make_schedule(optimizer, recipes.Schedule(name=name), steps=steps)["scheduler"]
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


@pytest.mark.parametrize("steps", [1, 4, 5, 6])  # 5: a warm-up of one step
def test_the_one_cycle_schedule_bears_few_steps(steps: int) -> None:
    assert all(0 < rate <= 0.1 for rate in rates("one_cycle", steps))


def test_plateau_waits_for_val_loss() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    options = recipes.Schedule(name="plateau", factor=0.5, patience=1)
    schedule = make_schedule(optimizer, options, steps=1)
    assert schedule["monitor"] == "val_loss"
    for loss in (1.0, 1.0, 1.0):
        schedule["scheduler"].step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)


def test_earlier_stages_learn_more_slowly() -> None:
    network = create_network("micro_cell", classes=3, input_size=32, pretrained=False)
    options = recipes.Optimizer(learning_rate=0.1, weight_decay=0.01)
    optimizer = make_optimizer(network, options, layer_decay=0.5)
    rate = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    backbone: Any = network.backbone
    found = [rate[id(next(part.parameters()))] for part in (network.head, *reversed(backbone.stages))]
    assert found == pytest.approx([0.1 * 0.5**i for i in range(5)])
    assert len(rate) == len(list(network.parameters()))
    schedule = make_schedule(optimizer, recipes.Schedule(name="one_cycle"), steps=10)["scheduler"]
    assert schedule.get_last_lr()[0] == pytest.approx(16 * schedule.get_last_lr()[-1])


@pytest.mark.parametrize("name", ["nadam", "adamw", "adam", "sgd", "rmsprop", "lion"])
def test_decay_does_not_go_through_the_gradient(name: Any) -> None:
    layer = nn.Linear(2, 1, bias=False)
    before = layer.weight.detach().clone()
    optimizer = make_optimizer(layer, recipes.Optimizer(name=name, learning_rate=0.1, weight_decay=0.5))
    layer.weight.grad = torch.zeros_like(layer.weight)
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), before * 0.95)


def test_l2_is_a_gradient_of_wide_weights_alone() -> None:
    layer = nn.Linear(2, 1)
    layer(torch.zeros(1, 2)).sum().backward()
    add_l2(layer, 0.3)
    torch.testing.assert_close(layer.weight.grad, 0.3 * layer.weight.detach())
    assert layer.bias.grad == 1
    unused = nn.Linear(2, 1)
    add_l2(unused, 0.3)
    assert unused.weight.grad is None
