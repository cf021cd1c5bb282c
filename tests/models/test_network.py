import pytest
import torch
import torch.nn.functional as F

from hemascope.errors import RecipeError, WeightsError
from hemascope.models.network import create_network
from hemascope.models.pretrained import PACKAGED
from hemascope.models.unknown import Levels


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


def test_unknown_weights_of_a_network_are_refused_with_the_valid_ones() -> None:
    with pytest.raises(RecipeError, match=r"vgg16 has no weights called 'mine'.*vgg16\.tv_in1k"):
        create_network("vgg16.mine", classes=8, input_size=64, pretrained=False)


def test_weights_that_cannot_be_had_are_never_replaced_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("the hub cannot be reached")

    monkeypatch.setattr("hemascope.models.pretrained.getproxies", lambda: {"https": "http://127.0.0.1:8"})
    monkeypatch.setattr("hemascope.models.pretrained.create_from_hub.__defaults__", (unreachable,))
    with pytest.raises(WeightsError, match=r"resnet18: the hub cannot be reached.*pretrained=false"):
        create_network("resnet18", classes=8, input_size=64)


def test_an_input_too_small_for_a_network_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(RecipeError, match="16x16"):
        create_network("test_convnext", classes=8, input_size=16, pretrained=False)


@pytest.mark.parametrize(
    ("name", "size"), [("VanillaCNN", 28), ("VanillaCNN", 300), ("MicroCell", 28), ("EfficientNet-Lite0", 28)]
)
def test_the_small_networks_of_the_catalogue_take_any_size(name: str, size: int) -> None:
    network = create_network(name, classes=8, input_size=size, pretrained=False).eval()
    pooled, levels = Levels(network)(images := torch.rand(2, 3, size, size))
    torch.testing.assert_close(pooled, network.features(images))
    assert levels.shape[1] > pooled.shape[1]
    assert network(images).shape == (2, 8)


def test_images_too_small_for_the_backbone_are_enlarged_inside() -> None:
    network = create_network("DenseNet", classes=8, input_size=28, pretrained=False).eval()
    assert network.description.smallest == 32
    images = torch.rand(2, 3, 28, 28)
    large = F.interpolate(images, (32, 32), mode="bilinear")
    torch.testing.assert_close(network(images), network(large))
    assert Levels(network)(images)[0].shape == (2, 1024)


def test_of_a_vgg_the_convolutions_are_taken() -> None:
    network = create_network("VGG16", classes=8, input_size=28, pretrained=False, dense=256).eval()
    assert sum(weight.numel() for weight in network.backbone.parameters()) == 14_714_688
    assert network(torch.rand(1, 3, 28, 28)).shape == (1, 8)


@pytest.mark.parametrize(("name", "words"), [("VanilaCNN", "VanillaCNN"), ("ConvNextTinny", "ConvNeXtTiny")])
def test_near_names_of_the_catalogue_are_suggested(name: str, words: str) -> None:
    with pytest.raises(RecipeError, match=f"Did you mean .*{words}"):
        create_network(name, classes=8, input_size=64)


def test_a_network_without_pretrained_weights_is_made_only_when_asked() -> None:
    with pytest.raises(WeightsError, match=r"no pretrained weights for vanilla_cnn.*pretrained=false"):
        create_network("VanillaCNN", classes=8, input_size=28)
