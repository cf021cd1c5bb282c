"""Tiny model files that keep the contract of `hemascope export`: the answer is the strongest colour channel."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hemascope.export.attributes import Heads, join_heads
from hemascope.predict.card import METADATA_KEY, ModelCard

CLASSES = ("eosinophil", "lymphocyte", "basophil")
"""Red, green and blue pictures."""

SETS = {"levels": [0.9, 0.99], "masses": [0.9, 0.999]}
"""Conformal sets on the card of a model with the output ``unknown``."""

WORDS = {
    "names": ["nucleus_shape", "granularity"],
    "values": [["unsegmented-round", "segmented-bilobed"], ["no", "yes"]],
    "classes": ["eosinophil", "lymphocyte"],
    "sure": 0.8,
}
"""Attributes on the card of a model that has them: red cells have two lobes and granules, green ones neither."""

COLOURS = {"eosinophil": (220, 40, 30), "lymphocyte": (30, 200, 50), "basophil": (20, 60, 210)}

HEADS = Heads(
    tuple(WORDS["names"]),
    tuple(map(tuple, WORDS["values"])),
    np.array([[0, 20, 0], [20, 0, 0], [0, 0, 0], [20, 0, 0]], float),
    np.array([0, 0, 0, -10], float),
    (),
    "for tests",
)

_IDLE, _DEEP = 8, 40


def _pausing(given: str, result: str, pause: int) -> list[onnx.NodeProto]:
    """Give what is given, after sines of as many numbers as it takes."""
    if not pause:
        return [helper.make_node("Identity", [given], [result])]
    return [
        helper.make_node("ReduceMean", [given], ["sine0"], keepdims=0),  # of the pictures: no constant to fold away
        helper.make_node("Expand", ["sine0", "idle"], ["sine1"]),
        *(helper.make_node("Sin", [f"sine{i}"], [f"sine{i + 1}"]) for i in range(1, _DEEP)),
        helper.make_node("ReduceMean", [f"sine{_DEEP}"], ["some"], keepdims=0),
        helper.make_node("Mul", ["some", "nothing"], ["none"]),
        helper.make_node("Add", [given, "none"], [result]),
    ]


def write_model(
    path: Path,
    *,
    classes: tuple[str, ...] = CLASSES,
    sharpness: float = 8.0,
    card: str | None = "",
    images: tuple[str, int] = ("images", TensorProto.UINT8),
    outputs: tuple[str, ...] = ("probabilities", "features"),
    pause: int = 0,
    unknown: float | None = None,
    attributes: bool = False,
    confusion: dict[str, object] | None = None,
) -> Path:
    """Write a model: mean colour (0 .. 1) -> linear -> softmax.

    Args:
        path: where.
        classes: three.
        sharpness: of the linear layer; models of different sharpness differ.
        card: JSON of the metadata; the right one for "", none at all for None.
        images: name and type of the input.
        outputs: names of the outputs.
        pause: how long every run idles, in some microseconds.
        unknown: threshold of an output ``unknown``, the mean light; None for a file without one.
        attributes: with those of `WORDS`.
        confusion: what its card says that it confuses.
    """
    name, kind = images
    constants = [
        numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
        numpy_helper.from_array(np.float32(255), "white"),
        numpy_helper.from_array(sharpness * np.eye(3, dtype=np.float32), "weight"),
        numpy_helper.from_array(np.array([_IDLE * pause], np.int64), "idle"),
        numpy_helper.from_array(np.float32(0), "nothing"),
    ]
    nodes = [
        helper.make_node("Cast", [name], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["values", "white"], ["light"]),
        helper.make_node("ReduceMean", ["light", "axes"], ["mean"], keepdims=0),
        *_pausing("mean", "features", pause),
        helper.make_node("MatMul", ["features", "weight"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    values = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 3]) for output in outputs]
    if unknown is not None:
        constants.append(numpy_helper.from_array(np.array([1], np.int64), "channels"))
        nodes.append(helper.make_node("ReduceMean", ["mean", "channels"], ["unknown"], keepdims=0))
        values.append(helper.make_tensor_value_info("unknown", TensorProto.FLOAT, ["n"]))
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(name, kind, ["n", "h", "w", 3])],
        values,
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if card == "":
        told = {} if unknown is None else {"unknown": {"threshold": unknown}, "conformal": SETS}
        told |= {"attributes": WORDS} if attributes else {}
        told |= {"confusion": confusion} if confusion else {}
        card = ModelCard("colours", classes, 8, limits="for tests only", **told).to_json()
    if attributes:
        model = join_heads(model, HEADS)
    if card is not None:
        helper.set_model_props(model, {METADATA_KEY: card})
    onnx.save(model, path)
    return path
