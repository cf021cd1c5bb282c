from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from hemascope.adapt.graph import Moments, find_layers, measuring_graph, mixed, moment_names, refolded
from hemascope.adapt.metadata import Norm
from hemascope.errors import ModelFileError
from tests.adapt.model import norms, some_images, write_model


@pytest.fixture
def model(tmp_path: Path) -> onnx.ModelProto:
    return onnx.load(write_model(tmp_path / "m.onnx"))


def run(model: onnx.ModelProto, names: list[str], images: np.ndarray) -> list[np.ndarray]:
    one = onnxruntime.SessionOptions()
    one.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), one, providers=["CPUExecutionProvider"])
    return list(session.run(names, {"images": images}))


def test_the_trainings_own_moments_change_nothing(model: onnx.ModelProto) -> None:
    layers = find_layers(model)
    own = [Moments(layer.norm.mean.astype(float), layer.norm.std.astype(float) ** 2) for layer in layers]
    images = some_images(4)
    (before,) = run(model, ["probabilities"], images)
    (after,) = run(refolded(model, layers, own, 1.0), ["probabilities"], images)
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_mixing_goes_from_the_training_to_the_folder(model: onnx.ModelProto) -> None:
    layer = find_layers(model)[0]
    moments = Moments(np.full(4, 3.0), np.full(4, 2.0))
    assert mixed(layer, moments, 1.0).mean.tolist() == [3.0] * 4
    np.testing.assert_allclose(mixed(layer, moments, 0.25).variance, 0.75 * layer.norm.std**2 + 0.5, rtol=1e-6)


def test_the_measuring_graph_gives_each_layer_the_trainings_mean_and_spread(model: onnx.ModelProto) -> None:
    layers = find_layers(model)
    measuring = measuring_graph(model, layers, 1.0)
    measuring.graph.output.append(onnx.helper.make_tensor_value_info("two", onnx.TensorProto.FLOAT, None))
    (two,) = run(measuring, ["two"], some_images(8))
    np.testing.assert_allclose(two.mean((0, 2, 3)), layers[1].norm.mean, atol=1e-4)
    np.testing.assert_allclose(two.std((0, 2, 3)), layers[1].norm.std, rtol=1e-3)


def test_the_measuring_graph_tells_the_moments_of_the_layer_itself(model: onnx.ModelProto) -> None:
    layers, images = find_layers(model), some_images(8)
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    bare.graph.output.append(onnx.helper.make_tensor_value_info("one", onnx.TensorProto.FLOAT, None))
    (one,) = run(bare, ["one"], images)
    mean, variance = run(measuring_graph(model, layers, 0.3), list(moment_names(layers[0])), images)
    np.testing.assert_allclose(mean.ravel(), one.mean((0, 2, 3)), atol=1e-4)
    np.testing.assert_allclose(variance.ravel(), one.var((0, 2, 3)), rtol=1e-3)


def test_the_model_given_is_not_changed(model: onnx.ModelProto) -> None:
    before, layers = model.SerializeToString(deterministic=True), find_layers(model)
    measuring_graph(model, layers, 0.5)
    refolded(model, layers, [Moments(np.zeros(len(layer.norm.mean)), layer.norm.std) for layer in layers], 0.5)
    assert model.SerializeToString(deterministic=True) == before


def test_a_channel_that_is_constant_in_training_and_folder_stays_finite(model: onnx.ModelProto) -> None:
    layers = find_layers(model)
    layers[0].norm.std[0] = 0
    nothing = [Moments(layer.norm.mean * 1.0, np.zeros(len(layer.norm.mean))) for layer in layers]
    (found,) = run(refolded(model, layers, nothing, 1.0), ["probabilities"], some_images(2))
    assert np.isfinite(found).all()


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
