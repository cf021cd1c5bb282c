"""A network taken out of a model file again: what it computes, and how it goes on learning."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from hemascope.adapt.metadata import NORMS_KEY, set_card
from hemascope.adapt.zoom import with_zoom
from hemascope.errors import ModelFileError
from hemascope.export.graph import write_model
from hemascope.models.network import Network, create_network
from hemascope.models.rebuilt import normalised, take_over
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load


def shown(size: int, count: int = 6) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3)).astype(np.uint8)


def as_tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 255


def new(name: str, size: int, classes: int = 8) -> Network:
    torch.manual_seed(1)
    return create_network(name, classes=classes, input_size=size, pretrained=False)


def written(network: Network, folder: Path) -> Classifier:
    """The model file of a network after some steps, so that no BatchNorm's statistics are those of the beginning."""
    size = network.description.input_size
    images = as_tensor(shown(size, 16))
    network.train()
    for _ in range(3):
        network(images)
    card = ModelCard("test", ("a", "b", "c"), size, network=network.description.network)
    write_model(network.eval(), card, folder / "model.onnx")
    return load(folder / "model.onnx")


def log_probabilities(network: Network, images: np.ndarray, temperature: float) -> np.ndarray:
    with torch.no_grad():
        return torch.log_softmax(network.eval()(as_tensor(images)) / temperature, 1).numpy()


def test_the_shipped_models_network_has_the_logits_of_its_file() -> None:
    model = load("robust")
    network = new("tf_efficientnet_lite0", 96)
    assert take_over(model, network, head=True)
    assert network.training  # as it was
    images = shown(model.card.input_size)
    found = log_probabilities(network, images, model.card.temperature)
    np.testing.assert_allclose(found, np.log(model.probabilities(images)), atol=1e-4)


def test_the_network_of_the_one_in_eight_bits_is_near_its_file() -> None:
    model = load("tiny")
    network = new("tf_efficientnet_lite0", 96)
    take_over(model, network, head=True)
    images = shown(model.card.input_size)
    found = log_probabilities(network, images, model.card.temperature)
    np.testing.assert_allclose(found, np.log(model.probabilities(images)), atol=0.5)  # activations of eight bits


@pytest.fixture(scope="module")
def resnet() -> Network:
    return new("test_resnet", 64, 3)


@pytest.fixture(scope="module")
def file(resnet: Network, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return written(resnet, tmp_path_factory.mktemp("model"))


def test_another_network_computes_the_same(resnet: Network, file: Classifier) -> None:
    again = new("test_resnet", 64, 3)
    torch.manual_seed(2)
    for weight in again.parameters():
        nn.init.uniform_(weight)
    assert take_over(file, again, head=True)
    expected = log_probabilities(resnet, shown(64), 1.0)
    np.testing.assert_allclose(log_probabilities(again, shown(64), 1.0), expected, atol=1e-4)


def test_its_batchnorm_has_the_statistics_of_what_it_was_trained_on(resnet: Network, file: Classifier) -> None:
    # In training mode the layers normalise by the batch: were the statistics others, the outputs would jump at once.
    again = new("test_resnet", 64, 3)
    take_over(file, again, head=True)
    theirs, ours = copy.deepcopy(resnet).train(), copy.deepcopy(again).train()
    images = as_tensor(shown(64, 16))
    with torch.no_grad():
        np.testing.assert_allclose(ours.features(images), theirs.features(images), atol=1e-3)
    for norm in normalised(resnet, resnet.blank()).values():
        assert torch.equal(resnet.get_parameter(f"{norm}.bias"), again.get_parameter(f"{norm}.bias"))


def test_a_file_whose_statistics_are_gone_is_refused(file: Classifier, tmp_path: Path) -> None:
    graph = onnx.load(file.path)
    kept = [entry for entry in graph.metadata_props if entry.key != NORMS_KEY]
    del graph.metadata_props[:]
    graph.metadata_props.extend(kept)
    onnx.save(graph, tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match=r"no statistics of the layer .*Start from the folder of the Run"):
        take_over(load(tmp_path / "model.onnx"), new("test_resnet", 64, 3), head=True)


def test_a_network_that_lacks_weights_of_the_file_or_computes_otherwise_is_refused(file: Classifier) -> None:
    with pytest.raises(ModelFileError, match=r"it (holds no weights|carries no statistics)"):
        take_over(file, new("micro_cell", 64, 3), head=True)
    again = new("test_resnet", 64, 3)
    again.mean.add_(0.3)  # it normalises otherwise
    with pytest.raises(ModelFileError, match=r"computes other features"):
        take_over(file, again, head=True)


def test_the_network_of_a_file_with_a_zoom_is_that_of_the_file_before(
    resnet: Network, file: Classifier, tmp_path: Path
) -> None:
    zoomed = with_zoom(onnx.load(file.path), 1.5)
    set_card(zoomed, replace(file.card, adapted={"zoom": 1.5}))
    onnx.save(zoomed, tmp_path / "zoomed.onnx")
    first, second = new("test_resnet", 64, 3), new("test_resnet", 64, 3)
    assert take_over(file, first, head=True)
    assert take_over(load(tmp_path / "zoomed.onnx"), second, head=True)
    assert all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())
