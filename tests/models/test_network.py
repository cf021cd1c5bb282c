import pytest
import torch

from hemascope.errors import RecipeError, WeightsError
from hemascope.models.network import create_network
from hemascope.models.pretrained import PACKAGED


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_weights_fill_every_tensor(name: str) -> None:
    torch.manual_seed(0)
    one = create_network(name, classes=8, input_size=64)
    torch.manual_seed(1)
    other = create_network(name, classes=8, input_size=64)
    random = create_network(name, classes=8, input_size=64, pretrained=False)
    for key, value in one.backbone.state_dict().items():
        assert torch.equal(value, other.backbone.state_dict()[key])
    assert not torch.equal(one.backbone.conv_stem.weight, random.backbone.conv_stem.weight)
    assert one.description.mean == (0.5, 0.5, 0.5)


def test_head_with_dense_layer_and_dropout() -> None:
    network = create_network(
        "tf_efficientnet_lite0", classes=5, input_size=32, pretrained=False, dense=16, dropout=0.5
    ).eval()
    images = torch.rand(2, 3, 32, 32)
    assert network(images).shape == (2, 5)
    assert network.features(images).shape == (2, network.description.features)
    torch.testing.assert_close(network.head(network.features(images)), network(images))


def test_unknown_network_names_near_ones() -> None:
    with pytest.raises(RecipeError, match="Did you mean efficientnet_lite0"):
        create_network("efficientnet_lite_0", classes=8, input_size=64)


def test_weights_that_cannot_be_had_are_never_replaced_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("the hub cannot be reached")

    monkeypatch.setattr("hemascope.models.pretrained.create_from_hub.__defaults__", (unreachable,))
    with pytest.raises(WeightsError, match=r"resnet18: the hub cannot be reached.*pretrained=false"):
        create_network("resnet18", classes=8, input_size=64)


def test_an_input_too_small_for_the_network_is_refused() -> None:
    with pytest.raises(RecipeError, match="16x16"):
        create_network("inception_v3", classes=8, input_size=16, pretrained=False)
