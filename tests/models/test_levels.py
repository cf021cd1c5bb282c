import pytest
import timm
import torch
from torch import nn

from hemascope.models.levels import Levels
from hemascope.models.network import Description, Network


def network(backbone, features):
    return Network(Description("test", 32, (0.5,) * 3, (0.5,) * 3, features), backbone, nn.Linear(features, 3)).eval()


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return network(timm.create_model("test_efficientnet", pretrained=False, num_classes=0), 256)


def test_pooled_features_are_the_networks_own(small):
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        pooled, levels = Levels(small)(images)
        torch.testing.assert_close(pooled, small.features(images))
    assert levels.shape[1] > pooled.shape[1]
    torch.testing.assert_close(levels[:, -pooled.shape[1] :], pooled)


def test_an_image_does_not_depend_on_its_neighbours(small):
    images = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(Levels(small)(images)[1][1:2], Levels(small)(images[1:2])[1], atol=1e-5, rtol=1e-4)


def test_a_backbone_without_stages_gives_its_pooled_features():
    plain = network(nn.Sequential(nn.Conv2d(3, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), 6)
    with torch.no_grad():
        pooled, levels = Levels(plain)(torch.rand(2, 3, 32, 32))
    assert levels is pooled
    assert pooled.shape == (2, 6)
