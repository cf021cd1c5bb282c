"""Model files that keep the contract of `hemascope export` by their look alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.predict.model import write_model

node = helper.make_node


def edited(path: Path, change: Callable[[onnx.ModelProto], None], **options) -> Path:
    """Write a model and change it."""
    model = onnx.load(write_model(path, **options))
    change(model)
    onnx.save(model, path)
    return path


def before(name: str, *nodes: onnx.NodeProto, **constants: np.ndarray) -> Callable[[onnx.ModelProto], None]:
    """Have what is called ``name`` come out of further nodes instead, which find it under ``name``/was."""

    def change(model: onnx.ModelProto) -> None:
        for made in model.graph.node:
            made.output[:] = [f"{name}/was" if output == name else output for output in made.output]
        model.graph.node.extend(nodes)
        model.graph.initializer.extend(numpy_helper.from_array(values, key) for key, values in constants.items())

    return change


def _subgraph(result: str) -> onnx.GraphProto:
    value = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
    return helper.make_graph([node("Identity", ["features/was"], [result])], result, [], [value])


def _endless() -> onnx.NodeProto:
    go, state = (helper.make_tensor_value_info(*about) for about in (("go", TensorProto.BOOL, []), ("s", 1, None)))
    turn = helper.make_tensor_value_info("turn", TensorProto.INT64, [])
    outputs = [helper.make_tensor_value_info(*about) for about in (("go_on", TensorProto.BOOL, []), ("t", 1, None))]
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Abs", ["s"], ["t"])], "body", [turn, go, state], outputs
    )
    return node("Loop", ["", "yes", "features/was"], ["features"], body=body)


def _function(model: onnx.ModelProto) -> None:
    made = helper.make_function("mine", "twice", ["x"], ["y"], [node("Add", ["x", "x"], ["y"])], [])
    model.functions.append(made)


def _elsewhere(model: onnx.ModelProto) -> None:
    (weight,) = (tensor for tensor in model.graph.initializer if tensor.name == "weight")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../etc/passwd")


def _training(model: onnx.ModelProto) -> None:
    model.training_info.add()


def _sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


REFUSED = {
    "an endless loop": (before("features", _endless(), yes=np.array(True)), "the operator 'Loop'"),
    "branches": (
        before(
            "features",
            node("If", ["yes"], ["features"], then_branch=_subgraph("a"), else_branch=_subgraph("b")),
            yes=np.array(True),
        ),
        "the operator 'If'",
    ),
    "a graph in an operator that needs none": (
        before("features", node("Identity", ["features/was"], ["features"], body=_subgraph("a"))),
        "a graph within its graph",
    ),
    "another domain": (
        before("features", node("Abs", ["features/was"], ["features"], domain="com.microsoft")),
        "operators of 'com.microsoft'",
    ),
    "a large kernel": (
        before("features", node("MaxPool", ["features/was"], ["features"], kernel_shape=[3000, 3000])),
        "a MaxPool of 9,000,000 places",
    ),
    "a kernel of no size": (
        before("features", node("Conv", ["features/was", "weight"], ["features"])),
        "a Conv without its size",
    ),
    "a function": (_function, "functions of its own"),
    "a tensor elsewhere": (_elsewhere, "tensors in other files"),
    "a tensor elsewhere, in an attribute": (
        before(
            "features",
            node("Constant", [], ["one"], value=TensorProto(data_location=TensorProto.EXTERNAL)),
            node("Mul", ["features/was", "one"], ["features"]),
        ),
        "tensors in other files",
    ),
    "a training": (_training, "a training"),
    "a sparse tensor": (_sparse, "sparse tensors"),
}
"""Refused for what the graph holds: a change, and words of the error."""

_HUGE = np.array([25 * 10**9], np.int64)

TRIED = {
    "100 GB": (
        before(
            "features",
            node("ReduceMean", ["features/was"], ["one"], keepdims=0),
            node("Expand", ["one", "huge"], ["many"]),
            node("ReduceMean", ["many"], ["level"], keepdims=0),
            node("Add", ["features/was", "level"], ["features"]),
            huge=_HUGE,
        ),
        "more than 1.1 GB of memory",
    ),
    "100 GB, constant": (
        before(
            "features",
            node("ConstantOfShape", ["huge"], ["many"]),
            node("ReduceMean", ["many"], ["level"], keepdims=0),
            node("Add", ["features/was", "level"], ["features"]),
            huge=_HUGE,
        ),
        "more than 1.1 GB of memory",
    ),
    "two rows an image": (
        before("probabilities", node("Concat", ["probabilities/was"] * 2, ["probabilities"], axis=0)),
        "probabilities of shape (4, 3), not a row an image (2)",
    ),
    "one row for all images": (
        before("features", node("ReduceMean", ["features/was", "first"], ["features"]), first=np.array([0])),
        "probabilities of shape (1, 3), not a row an image (2)",
    ),
    "logits": (
        before("probabilities", node("Mul", ["probabilities/was", "two"], ["probabilities"]), two=np.float32([2])),
        "no probabilities: they add up to 2",
    ),
    "negative ones": (
        before(
            "probabilities", node("Sub", ["probabilities/was", "tip"], ["probabilities"]), tip=np.float32([2, -1, -1])
        ),
        "no probabilities",
    ),
    "no numbers": (
        before("probabilities", node("Div", ["probabilities/was", "zero"], ["probabilities"]), zero=np.float32([0])),
        "no finite probabilities",
    ),
    "shapes that do not fit": (
        before("features", node("Reshape", ["features/was", "seven"], ["features"]), seven=np.array([7, 7])),
        "it fails",
    ),
}
"""Refused for what comes of the graph's trial."""


def not_of_black(path: Path) -> Path:
    """Write a model whose answer to a black picture is no number."""
    change = before(
        "probabilities",
        node("ReduceMax", ["features", "columns"], ["most"], keepdims=1),
        node("Div", ["most", "most"], ["one"]),
        node("Mul", ["probabilities/was", "one"], ["probabilities"]),
        columns=np.array([1]),
    )
    return edited(path, change)
