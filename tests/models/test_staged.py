import pytest
import timm
import torch

from hemascope.models.staged import MicroCell, StagedCNN, VanillaCNN


@pytest.mark.parametrize(("name", "millions"), [("vanilla_cnn", 0.388), ("micro_cell", 0.294)])
def test_the_own_networks_have_timms_methods(name: str, millions: float) -> None:
    torch.manual_seed(0)
    backbone = timm.create_model(name, num_classes=0).eval()
    assert isinstance(backbone, StagedCNN)
    assert sum(weight.numel() for weight in backbone.parameters()) == pytest.approx(millions * 1e6, rel=0.01)
    images = torch.rand(2, 3, 28, 28)
    maps, early = backbone.forward_intermediates(images, indices=[0, 2])
    torch.testing.assert_close(maps, backbone.forward_features(images))
    torch.testing.assert_close(backbone.forward_head(maps), backbone(images))
    assert [tuple(map_.shape[1:]) for map_ in early] == [
        (backbone.feature_info[i]["num_chs"], 28 // 2 ** (i + 1), 28 // 2 ** (i + 1)) for i in (0, 2)
    ]
    assert len(backbone.forward_intermediates(images)[1]) == len(backbone.stages)
    assert backbone(images).shape == (2, backbone.num_features)
    # He's weights keep the size of what goes through: neither vanishing nor exploding before any training.
    assert 0.01 < float(backbone(images).detach().std()) < 10


@pytest.mark.parametrize("make", [VanillaCNN, MicroCell])
def test_a_classifier_comes_only_where_asked(make: type[StagedCNN]) -> None:
    network = make(5).eval()
    images = torch.rand(2, 3, 32, 32)
    assert network(images).shape == (2, 5)
    pooled = network.forward_head(network.forward_features(images), pre_logits=True)
    assert pooled.shape == (2, network.num_features)
    torch.testing.assert_close(network.fc(pooled), network(images))
