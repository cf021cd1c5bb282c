"""The model file of an ensemble whose members see other sizes."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import draw
from hemascope.export.graph import write_model
from hemascope.export.parity import compare
from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network, create_network
from hemascope.models.unknown import Levels, UnknownScore
from hemascope.predict.card import ModelCard


def member(size: int) -> Network:
    torch.manual_seed(size)
    network = create_network("test_efficientnet", classes=8, input_size=size, pretrained=False).eval()
    with torch.no_grad():
        network.head[-1].weight.mul_(10)  # confident and different answers, as after training
    return network


def test_it_computes_what_torch_does_and_holds_every_weight_once(tmp_path: Path) -> None:
    network = Averaged([member(32), member(40)], temperature=1.3).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        seen = Levels(network).eval()(torch.rand(1, 3, 40, 40))[1].shape[1]
    unknown = UnknownScore(seen, 8, 8).eval()
    path = tmp_path / "model.onnx"
    card = ModelCard("test", BLOOD_CLASSES, 40, temperature=1.3, unknown={"threshold": 0.5})
    write_model(network, card, path, unknown)
    images = [draw(0, i, 56).image for i in range(6)]
    assert compare(network, 1.3, path, images).difference <= 1e-3
    weights = 4 * sum(parameter.numel() for parameter in (*network.parameters(), *unknown.parameters()))
    assert path.stat().st_size < 1.2 * weights + 100_000
    session = onnxruntime.InferenceSession(path)
    _, features, score = session.run(None, {"images": np.stack(images)})
    assert features.shape == (6, 512)
    assert score.shape == (6,)
