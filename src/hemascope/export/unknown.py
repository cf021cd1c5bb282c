"""The score of unknown objects of a model file: what it looks at, and another score in its place."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from hemascope.errors import ModelFileError
from hemascope.models.unknown import UnknownScore
from hemascope.predict.modelfile import INPUT

_PREFIX = "unknown."
_BATCH = 8


def levels_of_file(model: onnx.ModelProto, threads: int = 1) -> Callable[[np.ndarray], np.ndarray]:
    """What the score looks at: a function from images uint8 (n, h, w, 3) to features float32 (n, D) of several depths.

    Args:
        model: with a score that `hemascope.train.unknown.fit_unknown` made.
        threads: cores to use.

    Raises:
        ModelFileError: it has no such score.
    """
    name = next((node.input[0] for node in model.graph.node if f"{_PREFIX}project.weight" in node.input), "")
    if not name:
        raise ModelFileError("it has no score of unknown objects", "Train anew: hemascope train")
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def look(images: np.ndarray) -> np.ndarray:
        parts = range(0, len(images), _BATCH)
        return np.concatenate([session.run([name], {INPUT: images[at : at + _BATCH]})[0] for at in parts])

    return look


def with_unknown(model: onnx.ModelProto, score: UnknownScore) -> onnx.ModelProto:
    """A copy with another score of unknown objects, which may know more clusters; all else stays.

    Args:
        model: with a score already.
        score: its dimensions d and features D must be those of the score there.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    values = {f"{_PREFIX}{name}": value.detach().numpy() for name, value in score.state_dict().items()}
    for tensor in copy.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values.pop(tensor.name), tensor.name))
    # The exporter computes this one ahead, so the graph holds it alone or beside the variance that it is made of.
    for node in copy.graph.node:
        if node.op_type == "Mul" and node.output[0] in _read_by(copy, f"{_PREFIX}head.0.weight"):
            (name,) = set(node.input) & {tensor.name for tensor in copy.graph.initializer}
            ahead = next(tensor for tensor in copy.graph.initializer if tensor.name == name)
            ahead.CopyFrom(numpy_helper.from_array(score.variance.rsqrt().numpy(), name))
    del copy.graph.value_info[:]  # the shapes of one place a class
    assert not values, f"not in the graph: {', '.join(values)}"
    return copy


def _read_by(model: onnx.ModelProto, weight: str) -> set[str]:
    """What goes into the node that has this weight."""
    return {name for node in model.graph.node if weight in node.input for name in node.input}
