"""Which part of a picture the network sees: the centred square, resized.

The framing is one ONNX graph. Training frames its images by running it, and `hemascope.export` puts it in front of the
network in the model file, so preprocessing cannot differ between training and use.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

if TYPE_CHECKING:
    import onnx  # at run time only framing_graph wants it; it comes with the extra `train`

FRAMING = "centred square, resized by an antialiased triangle filter"
"""The framing in words, for model cards."""

OPSET = 18  # the first in which Resize has antialiasing
IR_VERSION = 10


def framing_graph(size: int) -> onnx.ModelProto:
    """The framing as an ONNX model: ``images`` uint8 (n, h, w, 3) to ``pixels`` uint8 (n, 3, size, size).

    The square's side is min(h, w), its top (h - side) // 2, its left (w - side) // 2. The resize is the triangle
    filter, widened when it shrinks: Pillow's BILINEAR, from which it differs by a grey level in under 1% of the
    pixels of a shrunk picture.

    Args:
        size: side of the result in pixels.
    """
    from onnx import TensorProto, helper, numpy_helper

    constants = {"zero": [0], "one": [1], "two": [2], "three": [3], "axes": [1, 2], "sides": [size, size]}
    node = helper.make_node
    nodes = [
        node("Shape", ["images"], ["shape"]),
        node("Slice", ["shape", "one", "three", "zero"], ["plane"]),  # (h, w)
        node("Slice", ["shape", "zero", "one", "zero"], ["count"]),  # (n,)
        node("ReduceMin", ["plane"], ["side"], keepdims=1),
        node("Sub", ["plane", "side"], ["margin"]),
        node("Div", ["margin", "two"], ["start"]),
        node("Add", ["start", "side"], ["end"]),
        node("Slice", ["images", "start", "end", "axes"], ["square"]),
        node("Transpose", ["square"], ["planes"], perm=[0, 3, 1, 2]),
        node("Concat", ["count", "three", "sides"], ["sizes"], axis=0),
        node(
            "Resize", ["planes", "", "", "sizes"], ["pixels"], mode="linear", antialias=1, exclude_outside=1,
            coordinate_transformation_mode="half_pixel",
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "framing",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 3, size, size])],
        [numpy_helper.from_array(np.array(values, np.int64), name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def frame(image: np.ndarray, size: int) -> np.ndarray:
    """The centred square of one picture, resized with antialiasing. Safe to call from several threads.

    Args:
        image: uint8 (h, w, 3).
        size: side of the result in pixels.

    Returns:
        uint8 (size, size, 3), a copy.

    >>> frame(np.full((360, 363, 3), 9, np.uint8), 96).shape
    (96, 96, 3)
    """
    if image.shape[:2] == (size, size):  # the graph would give it unchanged
        return np.array(image, order="C")
    (pixels,) = _session(size).run(None, {"images": image[np.newaxis]})
    return np.ascontiguousarray(pixels[0].transpose(1, 2, 0))


@lru_cache
def _session(size: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # callers decode on threads of their own
    return onnxruntime.InferenceSession(
        framing_graph(size).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
