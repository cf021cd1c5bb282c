import pytest
import timm
import torch
from torch import nn

from hemascope.models.network import Description, Network
from hemascope.models.unknown import Levels, MultiLevel, UnknownScore


def test_a_half_is_the_threshold_and_far_pictures_stay_apart():
    torch.manual_seed(0)
    score = UnknownScore(4, 2, 3).eval()
    with torch.no_grad():
        features = torch.randn(50, 4)
        total = score.total(features)
        score.threshold.copy_(total.median())
        found = score(features)
        assert ((found > 0.5) == (total > score.threshold)).all()
        assert (found[total.argsort()].diff() > 0).all()
        far = score(torch.randn(50, 4) * 10)
    assert ((far > 0) & (far < 1)).all()
    assert len(far.unique()) == 50


def test_the_distances_are_those_of_their_definitions():
    score = UnknownScore(2, 2, 2)
    with torch.no_grad():
        score.project.weight.copy_(torch.eye(2))
        score.project.bias.zero_()
        score.mean.copy_(torch.tensor([[2.0, 0.0], [-2.0, 0.0]]))
        score.variance.copy_(torch.tensor([5.0, 1.0]))
        score.plain.weight.copy_(2 * torch.eye(2))
        score.plain_mean.copy_(2 * score.mean)
        found = score.parts(torch.tensor([[2.0, 0.0], [0.0, 0.0], [-5.0, 1.0]]))
    torch.testing.assert_close(found[:, 1], 2 * torch.tensor([0, 2, 10**0.5]))
    torch.testing.assert_close(found[:, 0], torch.tensor([0 - 4 / 5, 4 - 0, (9 + 1) - (25 / 5 + 1)]))


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


def test_early_stages_stand_before_the_pooled_features() -> None:
    backbone = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        features = MultiLevel(backbone, stages=(1, 3))(images)
        _, (early, late) = backbone.forward_intermediates(images, indices=[1, 3])
        last = backbone(images)
    assert features.shape == (2, 2 * 24 + 2 * 112 + 1280)
    torch.testing.assert_close(features[:, :24], early.mean((2, 3)))
    torch.testing.assert_close(features[:, 24:48], early.std((2, 3), correction=0))
    torch.testing.assert_close(features[:, 48:160], late.mean((2, 3)))
    torch.testing.assert_close(features[:, -1280:], last)
