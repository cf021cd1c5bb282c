from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from hemascope.adapt.memory import read_memory
from hemascope.cells import BLOOD_CLASSES
from hemascope.export.graph import write_model
from hemascope.export.memory import add_memory
from hemascope.models.network import Description, Network
from hemascope.predict.card import ModelCard

SIZE = 16


def remembering(path: Path, head: nn.Sequential) -> onnx.ModelProto:
    """A file of a small network with this head, after `add_memory` of the images that it has right."""
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Network(Description("small", SIZE, (0.5,) * 3, (0.5,) * 3, 5), backbone, head).eval()
    write_model(network, ModelCard("small", BLOOD_CLASSES, SIZE), path)
    images = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3), np.uint8)
    with torch.no_grad():
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        targets = network.head(network.features(pixels)).argmax(dim=1).numpy()
    add_memory(path, images, targets)
    return onnx.load(path)


def test_a_file_remembers_training_images_of_its_classes(tmp_path: Path) -> None:
    memory = read_memory(remembering(tmp_path / "m.onnx", nn.Sequential(nn.Linear(5, 8))))
    assert memory is not None
    assert memory.classes == BLOOD_CLASSES
    assert memory.features.shape == (20, 5)
    assert np.isfinite(memory.features).all()


def test_one_whose_head_cannot_be_taught_does_not(tmp_path: Path) -> None:
    head = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 8))
    assert read_memory(remembering(tmp_path / "m.onnx", head)) is None
