"""The statistics of folded layers of a network."""

import numpy as np
import pytest
import torch
from torch import nn

from hemascope.export.graph import network_norms
from hemascope.models.network import Description, Network

SIZE = 16


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    backbone = nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU6(),
        nn.Conv2d(6, 6, 3, groups=6, bias=False),
        nn.BatchNorm2d(6),
        nn.Conv2d(6, 5, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    for layer in backbone:
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean):
                nn.init.normal_(values)
            nn.init.uniform_(layer.running_var, 0.2, 2)
    description = Description("small", SIZE, (0.5,) * 3, (0.5,) * 3, 5)
    return Network(description, backbone, nn.Sequential(nn.Linear(5, 8))).eval()


def test_statistics_are_those_of_the_normalised_channels(network: Network) -> None:
    norms = network_norms(network)
    assert list(norms) == ["backbone.0.weight", "backbone.3.weight"]
    layer = network.backbone[4]
    spread = layer.running_var.sqrt().view(1, -1, 1, 1)
    given = layer.running_mean.view(1, -1, 1, 1) + torch.randn(5000, 6, 2, 2) * spread
    with torch.no_grad():
        result = layer(given)
    norm = norms["backbone.3.weight"]
    np.testing.assert_allclose(norm.mean, result.mean((0, 2, 3)), atol=0.05)
    np.testing.assert_allclose(norm.std, result.std((0, 2, 3)), rtol=0.03)


def test_hooks_are_gone_and_the_network_is_as_before(network: Network) -> None:
    before = {name: values.clone() for name, values in network.state_dict().items()}
    network_norms(network)
    assert all(torch.equal(before[name], values) for name, values in network.state_dict().items())
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in network.modules())
