"""Every shipped recipe of a network other than the default one learns from a batch; tests/job runs the rest whole."""

import pytest
import torch

from hemascope.train.module import CellTraining
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe, shipped
from hemascope.train.start import new_network


@pytest.mark.parametrize("name", [name for name in shipped() if load_recipe(name).network != Recipe().network])
def test_a_recipe_takes_a_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # ConvNeXt's truncated normal draws take most of the time of a step with it.
    monkeypatch.setattr("timm.models.convnext.trunc_normal_", lambda weight, std: weight.data.normal_(0, std))
    recipe = load_recipe(name, ["pretrained=false", "input_size=28", "batch_size=4"])
    network = new_network(recipe, 8, pretrained=False).train()
    module = CellTraining(network, recipe, classes=8, steps=2)
    optimizer = module.configure_optimizers()["optimizer"]
    before = list(network.parameters())[-1].detach().clone()
    images = torch.randint(0, 256, (4, 3, 28, 28), dtype=torch.uint8)
    no, none = torch.zeros(4, dtype=torch.bool), torch.zeros(4, 8, dtype=torch.bool)
    loss = module.training_step((images, torch.arange(4), no, none), 0)
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    assert not torch.equal(before, list(network.parameters())[-1])
