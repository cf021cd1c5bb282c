"""The model file against torch, on pictures of several sizes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

import hemascope
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.decode import decode
from hemascope.data.smears import draw
from hemascope.errors import ModelFileError
from hemascope.export.graph import write_model
from hemascope.export.parity import Parity, compare, require
from hemascope.models.network import Network, create_network
from hemascope.models.unknown import Levels, UnknownScore
from hemascope.predict.card import ModelCard

TEMPERATURE = 1.3
SIZES = ((28, 28), (96, 96), (208, 208), (360, 363))


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    network = create_network("tf_efficientnet_lite0", classes=8, input_size=96).eval()
    with torch.no_grad():
        network.head[-1].weight.mul_(10)  # confident and different answers, as after training
    return network


@pytest.fixture(scope="module")
def unknown() -> UnknownScore:
    torch.manual_seed(1)
    score = UnknownScore(1584, 16, 8).eval()
    score.mean.normal_()
    return score


@pytest.fixture(scope="module")
def model(network: Network, unknown: UnknownScore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    about = {"data": {"licence": "CC BY 4.0"}, "unknown": {"threshold": 0.5}}
    write_model(network, ModelCard("test", BLOOD_CLASSES, 96, temperature=TEMPERATURE, **about), path, unknown)
    return path


def resized(images: list[np.ndarray], height: int, width: int) -> list[np.ndarray]:
    return [np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)) for image in images]


@pytest.mark.parametrize("size", SIZES)
def test_same_probabilities_as_torch_on_real_images(network: Network, model: Path, pbc: Path, size: tuple) -> None:
    images = [decode(path) for path in sorted((pbc / "val").glob("*/*"))[::34]]
    parity = compare(network, TEMPERATURE, model, resized(images, *size))
    assert parity.images >= 50
    assert parity.difference <= 1e-3
    assert parity.agreement >= 0.999


def test_same_probabilities_as_torch_on_drawings_of_odd_shapes(network: Network, model: Path) -> None:
    images = resized([draw(0, i, 96).image for i in range(4)], 131, 77)
    images += [np.zeros((1, 1, 3), np.uint8), np.full((5, 300, 3), 255, np.uint8)]
    assert compare(network, TEMPERATURE, model, images).difference <= 1e-3


def test_features_are_the_networks(network: Network, model: Path) -> None:
    images = np.stack([draw(1, i, 96).image for i in range(3)])
    with torch.no_grad():
        expected = network.features(torch.from_numpy(images).permute(0, 3, 1, 2) / 255).numpy()
    np.testing.assert_allclose(hemascope.load(model).features(images), expected, atol=2e-3)


def test_file_is_small_carries_its_card_and_nothing_of_the_machine(model: Path) -> None:
    assert model.stat().st_size < 20e6
    card = hemascope.load(model).card
    assert (card.classes, card.input_size, card.data["licence"]) == (BLOOD_CLASSES, 96, "CC BY 4.0")
    loaded = onnx.load(model)
    assert b"/src/" not in model.read_bytes()
    assert [(i.name, i.type.tensor_type.elem_type) for i in loaded.graph.input] == [("images", onnx.TensorProto.UINT8)]


def test_a_model_that_differs_is_refused(model: Path) -> None:
    with pytest.raises(ModelFileError, match="differ"):
        require(Parity(10, 0.02, 1.0), model)
    with pytest.raises(ModelFileError):
        require(Parity(10, float("nan"), 1.0), model)


def test_the_score_of_unknown_objects_is_a_third_output(network: Network, unknown: UnknownScore, model: Path) -> None:
    images = np.stack([draw(2, i, 96).image for i in range(5)])
    with torch.no_grad():
        _, features = Levels(network)(torch.from_numpy(images).permute(0, 3, 1, 2) / 255)
        expected = unknown(features).numpy()
    classifier = hemascope.load(model)
    np.testing.assert_allclose(classifier.unknown(images), expected, atol=2e-3)
    assert np.ptp(expected) > 0.01
    assert [found.is_unknown for found in classifier(images)] == (expected > 0.5).tolist()
