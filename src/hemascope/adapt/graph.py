"""The layers of a model file that can be normalised anew: found, measured batch by batch, and folded into it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemascope.adapt.metadata import Norm, read_norms
from hemascope.errors import ModelFileError

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Layer:
    """A convolution with its BatchNorm folded in.

    Attributes:
        weight, bias: names of its tensors in the graph.
        output: name of what it gives, float32 (n, c, h, w).
        norm: mean and standard deviation of that over the training images, by channel.
    """

    weight: str
    bias: str
    output: str
    norm: Norm


def find_layers(model: onnx.ModelProto, path: str = "model file") -> list[Layer]:
    """The layers that can be normalised anew, in the order of the computation.

    Raises:
        ModelFileError: the file carries no statistics, or they do not fit its graph.
    """
    norms = read_norms(model, path)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    layers = []
    for node in model.graph.node:
        if node.op_type != "Conv" or len(node.input) < 3 or node.input[1] not in norms:
            continue
        weight, bias, norm = node.input[1], node.input[2], norms[node.input[1]]
        if weight in tensors and bias in tensors:
            if not len(norm.mean) == len(norm.std) == tensors[weight].dims[0]:
                raise ModelFileError(
                    f"{path}: the statistics of {weight} do not fit its {tensors[weight].dims[0]} channels"
                )
            layers.append(Layer(weight, bias, node.output[0], norm))
    if not layers:
        raise ModelFileError(
            f"{path}: it carries no statistics of normalisation layers to adapt",
            "Files of an older hemascope, int8 files and networks without BatchNorm have none: export the Run anew "
            "with hemascope train --resume RUN, and adapt before quantising.",
        )
    return layers


_EPSILON = 1e-12  # a channel that is constant stays so


@dataclass(frozen=True)
class Moments:
    """A layer's channels over some images.

    Attributes:
        mean, variance: float64 (channels,).
    """

    mean: np.ndarray
    variance: np.ndarray


def mixed(layer: Layer, moments: Moments, weight: float) -> Moments:
    """The training's statistics and the folder's, the latter with this weight, 0 .. 1 (Schneider et al. 2020)."""
    return Moments(
        (1 - weight) * layer.norm.mean + weight * moments.mean,
        (1 - weight) * layer.norm.std.astype(np.float64) ** 2 + weight * moments.variance,
    )


def refolded(
    model: onnx.ModelProto, layers: Sequence[Layer], moments: Sequence[Moments], weight: float
) -> onnx.ModelProto:
    """The model with each layer's new normalisation folded into the weights and bias of its convolution.

    With y what a layer gives, m and s its mean and standard deviation over the training images, and m', s' the mixed
    ones, the new layer gives (y - m') s / s' + m: what BatchNorm gives with other running statistics.

    Args:
        model: it is not changed.
        layers: of that model.
        moments: of each layer, measured with the layers before it normalised anew.
        weight: of the moments, 0 .. 1.
    """
    from onnx import ModelProto, numpy_helper

    copy = ModelProto()
    copy.CopyFrom(model)
    tensors = {tensor.name: tensor for tensor in copy.graph.initializer}
    for layer, found in zip(layers, moments, strict=True):
        target = mixed(layer, found, weight)
        ratio = layer.norm.std / np.sqrt(target.variance + _EPSILON)
        kernel, bias = (numpy_helper.to_array(tensors[name]) for name in (layer.weight, layer.bias))
        new_kernel = kernel * ratio.reshape(-1, *[1] * (kernel.ndim - 1))
        new_bias = (bias - target.mean) * ratio + layer.norm.mean
        for name, values in ((layer.weight, new_kernel), (layer.bias, new_bias)):
            tensors[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))
    return copy


def moment_names(layer: Layer) -> tuple[str, str]:
    """Outputs of `measuring_graph`: a batch's mean and variance of a layer, float32 (1, channels, 1, 1)."""
    return f"{layer.output}/mean", f"{layer.output}/variance"


def measuring_graph(model: onnx.ModelProto, layers: Sequence[Layer], weight: float) -> onnx.ModelProto:
    """The model with each layer normalised by the mixture of its batch's and the training's statistics.

    So every layer sees what the adapted layers before it give. The batch's moments are the only outputs, so that
    nothing behind the last of the layers is computed.

    Args:
        model: it is not changed.
        layers: of that model.
        weight: of the batch's statistics, above 0, at most 1.
    """
    from onnx import ModelProto, TensorProto, helper

    copy = ModelProto()
    copy.CopyFrom(model)
    by_output = {layer.output: layer for layer in layers}
    nodes = list(copy.graph.node)
    del copy.graph.node[:], copy.graph.output[:]
    for node in nodes:
        layer = by_output.get(node.output[0]) if node.op_type == "Conv" else None
        if layer is None:
            copy.graph.node.append(node)
            continue
        raw = f"{layer.output}/raw"
        node.output[0] = raw
        added, constants = _normalisation(layer, raw, weight)
        copy.graph.node.extend([node, *added])
        copy.graph.initializer.extend(constants)
        copy.graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in moment_names(layer)
        )
    return copy


def _normalisation(layer: Layer, raw: str, weight: float) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    from onnx import helper, numpy_helper

    at = layer.output
    mean, variance = moment_names(layer)
    fixed = {
        "mean0": (1 - weight) * layer.norm.mean,
        "variance0": (1 - weight) * layer.norm.std**2 + _EPSILON,
        "scale": layer.norm.std,
        "shift": layer.norm.mean,
    }
    values = {name: array.astype(np.float32).reshape(1, -1, 1, 1) for name, array in fixed.items()}
    values |= {"axes": np.array([0, 2, 3], np.int64), "weight": np.array(weight, np.float32)}
    names = {name: f"{at}/{name}" for name in values}
    parts = ("d", "dd", "mean1", "variance1", "meanw", "variancew", "std", "ratio", "moved", "offset", "scaled")
    step = {name: f"{at}/{name}" for name in parts}
    nodes = [
        ("ReduceMean", [raw, names["axes"]], mean),
        ("Sub", [raw, mean], step["d"]),
        ("Mul", [step["d"], step["d"]], step["dd"]),
        ("ReduceMean", [step["dd"], names["axes"]], variance),
        ("Mul", [mean, names["weight"]], step["meanw"]),
        ("Add", [step["meanw"], names["mean0"]], step["mean1"]),
        ("Mul", [variance, names["weight"]], step["variancew"]),
        ("Add", [step["variancew"], names["variance0"]], step["variance1"]),
        ("Sqrt", [step["variance1"]], step["std"]),
        ("Div", [names["scale"], step["std"]], step["ratio"]),
        ("Mul", [step["mean1"], step["ratio"]], step["moved"]),
        ("Sub", [names["shift"], step["moved"]], step["offset"]),
        ("Mul", [raw, step["ratio"]], step["scaled"]),
        ("Add", [step["scaled"], step["offset"]], at),
    ]
    return (
        [helper.make_node(kind, given, [result]) for kind, given, result in nodes],
        [numpy_helper.from_array(array, names[name]) for name, array in values.items()],
    )
