from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from hemascope.adapt.graph import Moments, find_layers
from hemascope.adapt.refit import refit, shift_score
from tests.adapt.model import some_images, write_model


@pytest.fixture
def model(tmp_path: Path) -> onnx.ModelProto:
    return onnx.load(write_model(tmp_path / "m.onnx"))


def weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_only_the_first_layers_change(model: onnx.ModelProto) -> None:
    before, after = weights(model), weights(refit(model, some_images(40), depth=0.5).model)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"net.first.weight", "net.first.bias"}


def test_more_images_weigh_more(model: onnx.ModelProto) -> None:
    assert refit(model, some_images(40), prior=40).weight == 0.5
    assert refit(model, some_images(120), prior=40).weight == 0.75
    assert refit(model, some_images(40), prior=0).weight == 1


def test_a_large_prior_changes_next_to_nothing(model: onnx.ModelProto) -> None:
    before, after = weights(model), weights(refit(model, some_images(40), prior=1e9, depth=1).model)
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values, rtol=1e-4, atol=1e-5)


def test_the_graph_outside_the_weights_and_the_metadata_stay(model: onnx.ModelProto) -> None:
    found = refit(model, some_images(40)).model
    assert list(found.graph.node) == list(model.graph.node)
    assert list(found.graph.output) == list(model.graph.output)
    assert list(found.metadata_props) == list(model.metadata_props)


def test_shift_score_counts_standard_deviations_of_the_training(model: onnx.ModelProto) -> None:
    layer = find_layers(model)[0]
    mean, std = layer.norm.mean, layer.norm.std
    assert shift_score(layer, Moments(mean + 0.0, std**2)) == pytest.approx(0, abs=1e-6)
    assert shift_score(layer, Moments(mean - 2 * std, std**2)) == pytest.approx(2, rel=1e-5)


def test_dead_channels_do_not_count(model: onnx.ModelProto) -> None:
    layer = find_layers(model)[0]
    layer.norm.std[0] = 1e-9
    assert shift_score(layer, Moments(layer.norm.mean + 1.0, np.square(layer.norm.std))) < 10
