"""The steps from grey levels to the first layer: fewer of them, and the same numbers."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from hemascope.export.scaling import join_scaling
from hemascope.predict.shipped import find

SIZE = 16
ALIKE, IMAGENET = ([0.5] * 3, [0.5] * 3), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def graph(mean: list[float], std: list[float], eight_bits: tuple[float, int] | None = None) -> onnx.ModelProto:
    """Pixels to what the first layer gets, by the three steps of an export; the last layer stands for it."""
    values = {
        "whole": np.array(255, np.float32),
        "mean": np.array(mean, np.float32).reshape(1, -1, 1, 1),
        "std": np.array(std, np.float32).reshape(1, -1, 1, 1),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        node("Div", ["float", "whole"], ["share"]),
        node("Sub", ["share", "mean"], ["centred"]),
        node("Div", ["centred", "std"], ["normal"]),
    ]
    if eight_bits is None:
        nodes.append(node("Identity", ["normal"], ["result"]))
    else:
        values |= {"scale": np.array(eight_bits[0], np.float32), "zero": np.array(eight_bits[1], np.uint8)}
        nodes += [
            node("QuantizeLinear", ["normal", "scale", "zero"], ["bits"]),
            node("DequantizeLinear", ["bits", "scale", "zero"], ["result"]),
        ]
    made = helper.make_graph(
        nodes,
        "scaling",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def levels(model: onnx.ModelProto) -> np.ndarray:
    """What each of the 256 grey levels becomes in each channel."""
    onnx.checker.check_model(model)
    pixels = np.tile(np.arange(256, dtype=np.uint8).reshape(1, 1, SIZE, SIZE), (1, 3, 1, 1))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"pixels": pixels})
    return result.reshape(3, 256)


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize(("normal", "numbers"), [(ALIKE, 1), (IMAGENET, 3)])
def test_three_steps_become_two(normal: tuple[list[float], list[float]], numbers: int) -> None:
    model = graph(*normal)
    expected = levels(model)
    join_scaling(model)
    assert kinds(model) == ["Cast", "Sub", "Div", "Identity"]
    assert [array.size for array in constants(model).values()] == [numbers, numbers]
    np.testing.assert_allclose(levels(model), expected, atol=1e-6)


@pytest.mark.parametrize("eight_bits", [(0.00765859, 124), (2 / 255, 128), (2 / 255, 127), (0.0071, 120), (0.02, 0)])
def test_before_eight_bits_one_step_is_left_and_every_level_stays(eight_bits: tuple[float, int]) -> None:
    # With 2 / 255 every level lies between two numbers, and where it goes hangs on the rounding of float32.
    model = graph(*ALIKE, eight_bits)
    expected = levels(model)
    join_scaling(model)
    np.testing.assert_array_equal(levels(model), expected)
    if eight_bits[0] != 2 / 255:
        assert kinds(model) == ["Cast", "Sub", "QuantizeLinear", "DequantizeLinear"]


def test_a_graph_that_has_been_through_it_or_is_of_another_shape_stays() -> None:
    for model in (graph(*ALIKE), graph(*IMAGENET), graph(*ALIKE, (0.0071, 120)), graph(*IMAGENET, (0.0071, 120))):
        join_scaling(model)
        once = model.SerializeToString(deterministic=True)
        join_scaling(model)
        assert model.SerializeToString(deterministic=True) == once
    shared = graph(*ALIKE)  # two networks that look at one picture
    shared.graph.node.append(helper.make_node("Mul", ["share", "whole"], ["other"]))
    shared.graph.output.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, None))
    before = shared.SerializeToString(deterministic=True)
    join_scaling(shared)
    assert shared.SerializeToString(deterministic=True) == before


def test_tiny_has_one_step_by_one_number() -> None:
    model = onnx.load(find("tiny"))
    at, held, steps = "pixels", constants(model), []
    while not (node := next(node for node in model.graph.node if at in node.input)).op_type.startswith("Dequantize"):
        steps.append(node.op_type)
        at = node.output[0]
        assert all(held[name].size == 1 for name in node.input[1:])
    assert steps == ["Cast", "Sub", "QuantizeLinear"]
