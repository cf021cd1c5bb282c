"""The statistics of folded layers against torch's BatchNorm, from the network to the adapted file."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from hemascope.adapt.graph import find_layers, refolded
from hemascope.adapt.refit import measure
from hemascope.cells import BLOOD_CLASSES
from hemascope.export.graph import network_norms, write_model
from hemascope.models.network import Description, Network
from hemascope.predict.card import ModelCard

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


@pytest.fixture(scope="module")
def model(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    write_model(network, ModelCard("small", BLOOD_CLASSES, SIZE), path)
    return path


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


@pytest.mark.parametrize("weight", [1.0, 0.4])
def test_an_adapted_file_computes_what_batchnorm_does(network: Network, model: Path, weight: float) -> None:
    rng = np.random.default_rng(0)
    images = (rng.integers(0, 256, (64, SIZE, SIZE, 3)) * np.array([0.4, 0.9, 0.6])).astype(np.uint8)
    loaded = onnx.load(model)
    layers = find_layers(loaded)
    assert len(layers) == 2
    adapted = refolded(loaded, layers, measure(loaded, layers, images, weight), weight)
    session = onnxruntime.InferenceSession(adapted.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(["features"], {"images": images})

    with torch.no_grad():
        values = (torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
        for layer in network.backbone:
            if isinstance(layer, nn.BatchNorm2d):
                var, mean = torch.var_mean(values, (0, 2, 3), correction=0)
                mean = (1 - weight) * layer.running_mean + weight * mean
                var = (1 - weight) * layer.running_var + weight * var
                values = nn.functional.batch_norm(values, mean, var, layer.weight, layer.bias, eps=layer.eps)
            else:
                values = layer(values)
    np.testing.assert_allclose(found, values, atol=2e-4)
