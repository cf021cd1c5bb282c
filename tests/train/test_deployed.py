"""The module in torch against the model file of the same network."""

from pathlib import Path

import numpy as np
import pytest
import torch

import hemascope
from hemascope.data.framing import frame
from hemascope.export.graph import write_model
from hemascope.models.network import create_network
from hemascope.predict.card import ModelCard
from hemascope.predict.device import discs
from hemascope.train import deployed
from hemascope.train.deployed import Deployed, Framed
from hemascope.train.run import Run

CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("test_efficientnet", classes=3, input_size=32, pretrained=False).eval()


def pictures() -> list[np.ndarray]:
    """Of several sizes: larger, smaller, wide, high, and just right."""
    return [discs(1, 90)[0], discs(1, 20)[0], discs(1, 80)[0, 10:60], discs(1, 64)[0, :, 3:40], discs(1, 32)[0]]


def planes(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)


@pytest.mark.filterwarnings("ignore")  # the exporter's
def test_its_logits_are_the_model_files(network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(network, ModelCard("m", CLASSES, 32, temperature=0.7), tmp_path / "m.onnx")
    classifier = hemascope.load(tmp_path / "m.onnx", device="cpu", threads=1)
    module = Deployed(network, 0.7, CLASSES).eval()
    images = pictures()
    with torch.inference_mode():
        logits = module([planes(image) for image in images])
        features = module.features([planes(image) for image in images]).numpy()
    expected = np.concatenate([classifier.probabilities(image[None]) for image in images])
    assert logits.shape == (5, 3)
    np.testing.assert_allclose(logits.softmax(1).numpy(), expected, atol=2e-3)
    np.testing.assert_allclose(logits[-1].softmax(0).numpy(), expected[-1], atol=1e-6)  # where nothing is resized
    theirs = np.concatenate([classifier.features(image[None]) for image in images])
    assert np.abs(features - theirs).max() < 0.02 * np.abs(theirs).max()
    assert module.classes == classifier.classes
    monkeypatch.setattr(deployed, "open_network", lambda run: network)
    (tmp_path / "m.onnx").rename(tmp_path / "model.onnx")
    with torch.inference_mode():
        torch.testing.assert_close(Run(tmp_path).torch()([planes(image) for image in images]), logits)


def test_it_frames_as_the_graph_does() -> None:
    for image in pictures():
        found = Framed(32)(planes(image)[None])[0].permute(1, 2, 0).numpy() * 255
        off = np.abs(found - frame(image, 32))
        assert off.max() < 1.01  # a grey level
        assert (off > 0.5).mean() < 0.02


def test_a_batch_is_its_images(network) -> None:
    module = Deployed(network, 1.0, CLASSES).eval()
    batch = torch.stack([planes(image) for image in discs(3, 50)])
    with torch.inference_mode():
        torch.testing.assert_close(module(batch), module(list(batch)))


@pytest.mark.parametrize("wrong", [torch.zeros(1, 3, 8, 8), torch.zeros(3, 8, 8, dtype=torch.uint8)])
def test_other_images_are_refused(wrong: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"not uint8 \(n, 3, h, w\)"):
        Framed(32)(wrong)
