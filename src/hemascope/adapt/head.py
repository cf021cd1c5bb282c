"""The head of a model file: the linear layer that makes classes of features, found and replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemascope.errors import ModelFileError

if TYPE_CHECKING:
    import onnx

PROBABILITIES, FEATURES = "probabilities", "features"


@dataclass(frozen=True)
class Head:
    """Features to logits: ``features @ weight.T + bias``; the probabilities are their softmax, calibrated already.

    Attributes:
        weight: float64 (k, d).
        bias: float64 (k,).
    """

    weight: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Float64 (n, k) of features (n, d)."""
        return features.astype(np.float64) @ self.weight.T + self.bias

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Float32 (n, k) of features (n, d): the softmax of the logits."""
        logits = self.logits(features)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)

    def at(self, temperature: float) -> Head:
        """The head whose logits are divided by a temperature."""
        return Head(self.weight / temperature, self.bias / temperature)

    def grown(self, classes: int) -> Head:
        """With further classes, which begin as the mean of those there."""
        more = classes - len(self.bias)
        return Head(
            np.concatenate([self.weight, np.tile(self.weight.mean(axis=0), (more, 1))]),
            np.concatenate([self.bias, np.full(more, self.bias.mean())]),
        )


def find_head(model: onnx.ModelProto, path: str = "model file") -> Head:
    """The head of a model, its temperature in it.

    Raises:
        ModelFileError: its probabilities are not the softmax of one linear layer on its features.
    """
    return _walk(model, path)[0]


def _walk(model: onnx.ModelProto, path: str) -> tuple[Head, list[onnx.NodeProto]]:
    """The head, and its nodes from the softmax back to the features."""
    from onnx import helper, numpy_helper

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    scale, bias = 1.0, np.zeros(1)
    nodes: list[onnx.NodeProto] = []
    at = PROBABILITIES
    while node := makers.get(at):
        nodes.append(node)
        value = [numpy_helper.to_array(constants[name]).astype(np.float64) for name in node.input if name in constants]
        at = node.input[0]
        if node.op_type == "Softmax" and len(nodes) == 1:
            continue
        if node.op_type == "Div" and len(value) == 1 and value[0].size == 1:
            scale /= float(value[0].reshape(-1)[0])
        elif node.op_type == "Add" and len(value) == 1 and node.input[1] in constants:
            bias = bias + scale * value[0].reshape(-1)
        elif node.op_type in ("Gemm", "MatMul") and value and at == FEATURES and node.input[1] in constants:
            about = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            if about.get("transA", 0) or about.get("alpha", 1.0) != 1 or about.get("beta", 1.0) != 1:
                break
            weight = value[0] if about.get("transB", 0) else value[0].T
            if len(value) > 1:
                bias = bias + scale * value[1].reshape(-1)
            return Head(scale * weight, np.broadcast_to(bias, len(weight)).copy()), nodes
        else:
            break
    raise ModelFileError(
        f"{path}: its classes are not made by one linear layer on its features, so there is none to teach",
        "Networks with a hidden layer in the head, ensembles and boosted ones have none. Teach one of their members, "
        "or train on the labels: hemascope train",
    )


def with_head(model: onnx.ModelProto, head: Head, temperature: float, path: str = "model file") -> onnx.ModelProto:
    """A copy with another head, which may have more classes; all else stays.

    Args:
        model: it is not changed.
        head: what gives the logits.
        temperature: divides them before the softmax.
        path: what errors call the model.

    Raises:
        ModelFileError: as `find_head`.
    """
    from onnx import ModelProto, helper, numpy_helper

    copy = ModelProto()
    copy.CopyFrom(model)
    _, old = _walk(copy, path)
    taken = {name for node in copy.graph.node for name in (*node.input, *node.output)}
    prefix = next(name for name in (f"taught{number}" for number in range(len(taken) + 1)) if f"{name}.b" not in taken)
    weight, bias, divisor, raw, logits = (f"{prefix}.{part}" for part in ("w", "b", "temperature", "raw", "logits"))
    rest = {name for node in copy.graph.node if node not in old for name in node.input}
    gone = [node for node in old if node.output[0] not in rest]
    for node in gone:
        copy.graph.node.remove(node)
    used = {name for node in copy.graph.node for name in node.input}
    kept = [tensor for tensor in copy.graph.initializer if tensor.name in used]
    del copy.graph.initializer[:]
    values = {weight: head.weight, bias: head.bias, divisor: np.array(temperature)}
    copy.graph.initializer.extend(
        [*kept, *(numpy_helper.from_array(array.astype(np.float32), name) for name, array in values.items())]
    )
    copy.graph.node.extend(
        [
            helper.make_node("Gemm", [FEATURES, weight, bias], [raw], transB=1),
            helper.make_node("Div", [raw, divisor], [logits]),
            helper.make_node("Softmax", [logits], [PROBABILITIES], axis=-1),
        ]
    )
    for output in copy.graph.output:
        if output.name == PROBABILITIES:
            output.type.tensor_type.shape.dim[1].dim_value = len(head.bias)
    names = {name for node in gone for name in node.output}
    info = [one for one in copy.graph.value_info if one.name not in names]
    del copy.graph.value_info[:]
    copy.graph.value_info.extend(info)
    return copy
