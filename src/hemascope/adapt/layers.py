"""The convolutions of a model file whose training statistics it carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
