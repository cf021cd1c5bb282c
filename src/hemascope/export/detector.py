"""The detector's file: a field of any size in, boxes out, with every step of it in the graph."""

from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, compose, helper, numpy_helper
from torch import Tensor, nn
from torchvision.ops import nms

from hemascope.data.framing import IR_VERSION, OPSET
from hemascope.export.folding import folded
from hemascope.export.graph import exported
from hemascope.train.detector.loss import corners_of, place_centres
from hemascope.train.detector.network import STRIDE, CellNetwork

FLOOR = 0.05
"""Scores below it are no cell's."""

MOST = 2000
"""Most peaks of a piece."""

OVERLAP = 0.6
"""Of two boxes of a kind that share more, as intersection over union, the better one stays."""


_APART = 1e5


class Deployed(nn.Module):
    """Pixels uint8 (1, 3, h, w) at working scale to boxes (n, 4) in working pixels, kinds (n,) and scores (n,)."""

    def __init__(self, network: CellNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pad to whole strides, run, take the peaks."""
        height, width = pixels.shape[2:]
        padded = F.pad(pixels.float() / 255, (0, -width % STRIDE, 0, -height % STRIDE))
        return decoded(*self.network(padded))


def decoded(heat: Tensor, sides: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The cells of the maps of one piece in working pixels: boxes (n, 4), kinds (n,), scores (n,), best first."""
    scores = heat.sigmoid()
    peaks = scores * (F.max_pool2d(scores, 3, 1, 1) == scores)
    corners = corners_of(sides, place_centres(heat.shape[2], heat.shape[3], heat.device))
    places = peaks.shape[2] * peaks.shape[3]
    best, where = F.pad(peaks[0].flatten(), (0, MOST)).topk(MOST)  # as many even in a small piece
    where = where.clamp(max=places * peaks.shape[1] - 1)
    kinds = where // places
    boxes = corners[0].flatten(2).transpose(1, 2).flatten(0, 1)[where]
    apart = boxes + kinds.unsqueeze(1) * _APART  # kinds do not suppress each other
    kept = nms(apart, best, OVERLAP)
    kept = kept[best[kept] > FLOOR]
    return boxes[kept], kinds[kept], best[kept]


def write_detector(network: CellNetwork, card: str, path: Path) -> None:
    """Write ``detector.onnx``, see `hemascope.fields.detector`.

    Args:
        network: in evaluation mode, on the CPU.
        card: JSON for the file's metadata.
        path: the file; the caller sees to it that it is replaced whole.
    """
    example = torch.randint(0, 256, (1, 3, 20 * STRIDE, 21 * STRIDE), dtype=torch.uint8)
    any_size = dict.fromkeys((2, 3), torch.export.Dim.DYNAMIC)
    deployed = Deployed(folded(network, example.float())).eval()
    body = exported(deployed, example, "working", ("found", "kinds", "scores"), any_size)
    model = compose.merge_models(_resized(), body, io_map=[("working", "working")])
    _in_field_pixels(model)
    onnx.checker.check_model(model)
    helper.set_model_props(model, {"hemascope_detector": card})
    onnx.save(model, path)


def _resized() -> onnx.ModelProto:
    """``field`` uint8 (h, w, 3) and ``scale`` to ``working`` uint8 (1, 3, h', w'), by the triangle filter."""
    node = helper.make_node
    constants = {"one": np.array([1.0], np.float32), "first": np.array([0], np.int64)}
    nodes = [
        node("Transpose", ["field"], ["planes"], perm=[2, 0, 1]),
        node("Unsqueeze", ["planes", "first"], ["batch"]),
        node("Unsqueeze", ["scale", "first"], ["factor"]),
        node("Concat", ["one", "one", "factor", "factor"], ["factors"], axis=0),
        node("Resize", ["batch", "", "factors"], ["working"], mode="linear", antialias=1, exclude_outside=1,
             coordinate_transformation_mode="half_pixel"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "detector",
        [
            helper.make_tensor_value_info("field", TensorProto.UINT8, ["h", "w", 3]),
            helper.make_tensor_value_info("scale", TensorProto.FLOAT, []),
        ],
        [helper.make_tensor_value_info("working", TensorProto.UINT8, [1, 3, "working_h", "working_w"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _in_field_pixels(model: onnx.ModelProto) -> None:
    """Replace the output ``found`` by ``boxes``."""
    model.graph.node.append(helper.make_node("Div", ["found", "scale"], ["boxes"]))
    (found,) = [output for output in model.graph.output if output.name == "found"]
    model.graph.output.remove(found)
    model.graph.output.insert(0, helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", 4]))
