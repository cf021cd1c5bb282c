import pytest
import timm
import torch

from hemascope.errors import RecipeError
from hemascope.models.freezing import freeze, frozen_weights, stages
from hemascope.models.network import Network, create_network


@pytest.fixture
def network() -> Network:
    return create_network("micro_cell", classes=3, input_size=32, pretrained=False)


def learning(network: Network) -> set[str]:
    return {".".join(name.split(".")[:3]) for name, weight in network.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize("name", ["vanilla_cnn", "micro_cell", "densenet121", "resnet50", "tf_efficientnet_lite0"])
def test_stages_hold_every_weight_once_from_the_images_on(name: str) -> None:
    with torch.device("meta"):
        backbone = timm.create_model(name, num_classes=0)
    parts = stages(backbone)
    assert [id(weight) for part in parts for weight in part] == [id(weight) for weight in backbone.parameters()]
    assert 4 <= len(parts) <= 6


def test_what_learns_is_what_was_named(network: Network) -> None:
    for trainable, expected in (
        ("head", {"head.0.weight", "head.0.bias"}),
        (1, {"head.0.weight", "head.0.bias", "backbone.stages.3"}),
        ("stages.3.3", {"head.0.weight", "head.0.bias", "backbone.stages.3"}),
        ("backbone.stages.2", {"head.0.weight", "head.0.bias", "backbone.stages.3", "backbone.stages.2"}),
    ):
        freeze(network, trainable)
        assert learning(network) == expected
    freeze(network, 4)
    assert not frozen_weights(network, 4)
    freeze(network, "all")
    assert all(weight.requires_grad for weight in network.parameters())


def test_a_frozen_part_stays_in_evaluation_mode(network: Network) -> None:
    freeze(network, 1)
    before = {name: value.clone() for name, value in network.state_dict().items() if "running" in name}
    network.train()
    network(torch.rand(4, 3, 32, 32))
    after = network.state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed
    assert all(name.startswith("backbone.stages.3.") for name in changed)
    freeze(network, "all")
    assert all(module.training for module in network.modules())
    assert not any(module.training for module in network.eval().modules())


def test_what_a_network_lacks_is_refused_with_what_it_has(network: Network) -> None:
    with pytest.raises(RecipeError, match=r"trainable=5: micro_cell has 4 stages"):
        frozen_weights(network, 5)
    with pytest.raises(RecipeError, match=r"no layer 'stage\.3'.*Did you mean stages"):
        frozen_weights(network, "stage.3")
