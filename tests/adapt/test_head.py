import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from hemascope.adapt.head import Head, find_head, with_head
from hemascope.errors import ModelFileError
from hemascope.predict.shipped import find, names
from tests.adapt.model import some_images, write_model


def run(model: onnx.ModelProto, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return tuple(session.run(["probabilities", "features"], {"images": images}))


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.fixture
def model(tmp_path):
    return onnx.load(write_model(tmp_path / "m.onnx"))


def test_the_head_found_gives_the_models_probabilities(model):
    probabilities, features = run(model, some_images(4))
    np.testing.assert_allclose(softmax(find_head(model).logits(features)), probabilities, atol=1e-5)


@pytest.mark.parametrize("name", names())
def test_that_of_the_shipped_models_too(name):
    model = onnx.load(find(name))
    images = np.random.default_rng(0).integers(0, 256, (2, 60, 60, 3), np.uint8)
    probabilities, features = run(model, images)
    np.testing.assert_allclose(softmax(find_head(model).logits(features)), probabilities, atol=1e-5)


def test_another_head_may_have_more_classes_and_leaves_the_model_given(model):
    before = model.SerializeToString(deterministic=True)
    head = Head(np.arange(20.0).reshape(4, 5) / 10, np.arange(4.0))
    new = with_head(model, head, 2.0)
    onnx.checker.check_model(new)
    probabilities, features = run(new, some_images(4))
    np.testing.assert_allclose(probabilities, softmax(head.logits(features) / 2), atol=1e-5)
    assert "head.weight" not in [tensor.name for tensor in new.graph.initializer]
    again = with_head(new, head, 1.0)
    np.testing.assert_allclose(run(again, some_images(4))[0], softmax(head.logits(features)), atol=1e-5)
    np.testing.assert_allclose(find_head(new).logits(features), head.logits(features) / 2, atol=1e-4)
    assert model.SerializeToString(deterministic=True) == before


def test_a_hidden_layer_is_none(model):
    place = next(at for at, node in enumerate(model.graph.node) if node.op_type == "MatMul")
    model.graph.node[place].input[0] = "hidden"
    model.graph.initializer.append(numpy_helper.from_array(np.eye(5, dtype="f4"), "eye"))
    model.graph.node.insert(place, helper.make_node("MatMul", ["features", "eye"], ["hidden"]))
    with pytest.raises(ModelFileError, match=r"not made by one linear layer.*hemascope train"):
        find_head(model)


def test_new_classes_begin_as_the_mean_of_those_there():
    grown = Head(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, 1.0])).grown(3)
    assert grown.weight[2].tolist() == [2.0, 3.0]
    assert grown.bias.tolist() == [0.0, 1.0, 0.5]
