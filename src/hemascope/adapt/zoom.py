"""A zoom in front of a model file's framing: how large cells are in the square that the network sees.

Laboratories differ in micrometres a pixel, and in how much of its surroundings a cell is cut out with. A zoom above 1
cuts the middle out of a picture; one below 1 takes in more of it than its centred square and goes on beyond its border
with the outermost pixels. It is part of the graph, so whoever runs the file has it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from hemascope.data.framing import IR_VERSION, OPSET, framing_graph
from hemascope.errors import ModelFileError
from hemascope.predict.modelfile import INPUT

if TYPE_CHECKING:
    import onnx

_OURS = "hemascope.zoom."
"""Begins the names of the nodes and tensors that a zoom consists of."""

_ZOOMED = _OURS + INPUT
_SHAPES = ((INPUT, "h", "w"), ("seen", "side", "width"))
_OLDEST = 13  # the first opset in which all operators used here take whole numbers as they are used


def with_zoom(model: onnx.ModelProto, zoom: float, path: str = "model file") -> onnx.ModelProto:
    """A copy of a model that sees pictures at a zoom, in the place of the one that it has; all else stays.

    It shows the centred square of side min(h, w) / zoom, in whole pixels, at least one.

    Args:
        model: its input is ``images``, uint8 (n, h, w, 3).
        zoom: above 0; 1 leaves no zoom.
        path: what errors call the model.

    Raises:
        ModelFileError: a graph older than the operators of a zoom.
    """
    from onnx import ModelProto

    copy = ModelProto()
    copy.CopyFrom(model)
    _take_off(copy.graph)
    if zoom == 1:
        return copy
    opset = max(entry.version for entry in copy.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < _OLDEST:
        raise ModelFileError(
            f"{path}: its graph is of ONNX's opset {opset}, and a zoom needs {_OLDEST} or later",
            "Export the Run anew: hemascope export RUN -o FILE",
        )
    _rename(copy.graph, INPUT, _ZOOMED)
    nodes, constants = _parts(zoom)
    kept = list(copy.graph.node)
    del copy.graph.node[:]
    copy.graph.node.extend([*nodes, *kept])
    copy.graph.initializer.extend(constants)
    return copy


def _take_off(graph: onnx.GraphProto) -> None:
    for parts in (graph.node, graph.initializer):
        kept = [part for part in parts if not part.name.startswith(_OURS)]
        del parts[:]
        parts.extend(kept)
    _rename(graph, _ZOOMED, INPUT)


def _rename(graph: onnx.GraphProto, before: str, after: str) -> None:
    """Have the nodes take another tensor."""
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == before:
                node.input[place] = after


def _parts(zoom: float) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes from ``images`` to what the zoom makes of them, and their constants."""
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[onnx.NodeProto] = []

    def step(kind: str, given: str, result: str, **attributes: int | str) -> None:
        taken = [name if name == INPUT else _OURS + name for name in given.split()]
        made = _OURS + result
        nodes.append(helper.make_node(kind, taken, [made], name=f"{made}.{kind}", **attributes))

    step("Shape", INPUT, "shape")
    step("Slice", "shape one three none", "plane")  # (h, w)
    step("ReduceMin", "plane", "square", keepdims=1)
    step("Cast", "square", "whole", to=TensorProto.FLOAT)
    step("Div", "whole zoom", "exact")
    step("Round", "exact", "rounded")
    step("Cast", "rounded", "near", to=TensorProto.INT64)
    step("Max", "near one", "side")
    step("Min", "plane side", "kept")  # of (h, w), no more than there is
    step("Sub", "plane kept", "margin")
    step("Div", "margin two", "start")
    step("Add", "start kept", "end")
    step("Slice", f"{INPUT} start end axes", "cut")
    step("Sub", "side kept", "lacking")
    step("Div", "lacking two", "before")
    step("Sub", "lacking before", "after")
    step("Concat", "none before none none after none", "pads", axis=0)
    step("Pad", "cut pads", INPUT, mode="edge")
    whole = {"none": [0], "one": [1], "two": [2], "three": [3], "axes": [1, 2]}
    arrays = {name: np.array(values, np.int64) for name, values in whole.items()}
    arrays["zoom"] = np.array([zoom], np.float32)
    return nodes, [numpy_helper.from_array(values, _OURS + name) for name, values in arrays.items()]


def frame_at(image: np.ndarray, size: int, zoom: float) -> np.ndarray:
    """What the network of a file with a zoom sees of a picture. Safe to call from several threads.

    Args:
        image: uint8 (h, w, 3).
        size: side of the result in pixels.
        zoom: as in `with_zoom`.

    Returns:
        uint8 (size, size, 3).

    >>> frame_at(np.full((360, 363, 3), 9, np.uint8), 96, 0.8).shape
    (96, 96, 3)
    """
    (pixels,) = _session(size, zoom).run(None, {INPUT: image[np.newaxis]})
    return pixels[0].transpose(1, 2, 0)


def at_zoom(images: np.ndarray, zoom: float) -> np.ndarray:
    """What a zoom makes of pictures, uint8 (n, h, w, 3), before they are framed. Safe to call from several threads.

    >>> at_zoom(np.full((2, 90, 60, 3), 9, np.uint8), 1.5).shape
    (2, 40, 40, 3)
    """
    found: np.ndarray = _session(None, zoom).run(None, {INPUT: np.ascontiguousarray(images)})[0]
    return found


@lru_cache(64)
def _session(size: int | None, zoom: float) -> onnxruntime.InferenceSession:
    """Pictures at a zoom, framed where a size is given."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # callers decode on threads of their own
    graph = _as_they_are() if size is None else framing_graph(size)
    return onnxruntime.InferenceSession(
        with_zoom(graph, zoom).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _as_they_are() -> onnx.ModelProto:
    from onnx import TensorProto, helper

    given, found = (helper.make_tensor_value_info(name, TensorProto.UINT8, ["n", h, w, 3]) for name, h, w in _SHAPES)
    graph = helper.make_graph([helper.make_node("Identity", [INPUT], [found.name])], "pictures", [given], [found])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
