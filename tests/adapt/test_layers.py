from pathlib import Path

import numpy as np
import onnx
import pytest

from hemascope.adapt.layers import find_layers
from hemascope.adapt.metadata import Norm
from hemascope.errors import ModelFileError
from tests.adapt.model import norms, write_model


def test_layers_come_in_the_order_of_the_computation(tmp_path: Path) -> None:
    layers = find_layers(onnx.load(write_model(tmp_path / "m.onnx")))
    assert [(layer.weight, layer.bias, layer.output) for layer in layers] == [
        ("net.first.weight", "net.first.bias", "one"),
        ("net.second.weight", "net.second.bias", "two"),
    ]


def test_a_convolution_without_statistics_is_passed_over(tmp_path: Path) -> None:
    only = {"net.second.weight": norms()["net.second.weight"]}
    (layer,) = find_layers(onnx.load(write_model(tmp_path / "m.onnx", stored=only)))
    assert layer.output == "two"


def test_a_file_without_statistics_is_refused_with_what_to_do(tmp_path: Path) -> None:
    model = onnx.load(write_model(tmp_path / "m.onnx", stored={}))
    with pytest.raises(ModelFileError, match=r"old\.onnx: it carries no statistics.*train --resume"):
        find_layers(model, "old.onnx")


def test_statistics_of_other_channels_are_refused(tmp_path: Path) -> None:
    wrong = {"net.first.weight": Norm(np.zeros(7, "f4"), np.ones(7, "f4"))}
    with pytest.raises(ModelFileError, match="channels"):
        find_layers(onnx.load(write_model(tmp_path / "m.onnx", stored=wrong)))
