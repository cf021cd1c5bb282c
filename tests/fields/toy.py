"""A tiny detector that keeps the contract: cells are squares, low in red (white), green (red) or blue (platelets)."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hemascope.fields.card import METADATA_KEY, DetectorCard
from hemascope.fields.cell import KINDS

BACKGROUND = 230
CARD = DetectorCard(
    "squares",
    KINDS,
    red_width=13.0,
    scales=(6.0, 24.0),
    thresholds={"white": 0.4, "red": 0.4, "platelet": 0.4},
    framing=3.0,
    stride=16,
    reach=32,
    limits="for tests only",
)
_HALF = 16  # of the widest square, in resized pixels


def write_detector(
    path: Path, *, card: str | None = "", outputs: tuple[str, ...] = ("boxes", "kinds", "scores")
) -> Path:
    """Write a detector: how deep pixels lie in dark squares, by erosion -> peaks -> boxes -> suppression.

    Args:
        path: where.
        card: JSON of the metadata; the right one for "", none at all for None.
        outputs: names of the outputs.
    """
    number = numpy_helper.from_array
    constants = [
        number(np.float32([1, 1]), "ones"),
        number(np.int64([0]), "zero"),
        number(np.int64([1]), "one"),
        number(np.float32(128), "dark"),
        number(np.float32(255), "most"),
        number(np.float32(0.5), "half"),
        number(np.float32(1), "unit"),
        number(np.float32(_HALF), "deepest"),
        number(np.float32(1e5), "apart"),
        number(np.int64([2]), "two"),
        number(np.int64([3]), "three"),
        number(np.int64([4]), "four"),
        number(np.int64([10000]), "many"),
        number(np.float32([0.3]), "overlap"),
        number(np.int64([1, 1, -1]), "row"),
        number(np.int64([1, -1, 4]), "rows"),
    ]
    node = helper.make_node
    pool = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}
    nodes = [
        node("Transpose", ["field"], ["planes8"], perm=[2, 0, 1]),
        node("Cast", ["planes8"], ["planes"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["planes", "zero"], ["whole"]),
        node("Unsqueeze", ["scale", "zero"], ["scale1"]),
        node("Concat", ["ones", "scale1", "scale1"], ["scales"], axis=0),
        node("Resize", ["whole", "", "scales"], ["small"], mode="linear", antialias=1),
        node("Less", ["small", "dark"], ["is_dark"]),
        node("Cast", ["is_dark"], ["deep0"], to=TensorProto.FLOAT),
        node("Sub", ["unit", "deep0"], ["light0"]),
    ]
    for i in range(_HALF):  # each takes a pixel from every side, but from the field's edges
        nodes += [
            node("MaxPool", [f"light{i}"], [f"light{i + 1}"], **pool),
            node("Sub", ["unit", f"light{i + 1}"], [f"left{i}"]),
            node("Add", [f"deep{i}", f"left{i}"], [f"deep{i + 1}"]),
        ]
    depth = f"deep{_HALF}"
    nodes += [
        node("MaxPool", [depth], ["around"], **pool),
        node("Equal", [depth, "around"], ["is_peak"]),
        node("Less", [depth, "deepest"], ["is_square"]),
        node("And", ["is_peak", "is_dark"], ["is_dark_peak"]),
        node("And", ["is_dark_peak", "is_square"], ["peaks"]),  # no larger square is one
        node("NonZero", ["peaks"], ["found"]),
        node("Transpose", ["found"], ["places"], perm=[1, 0]),
        node("GatherND", [depth, "places"], ["deep"]),
        node("GatherND", ["small", "places"], ["light"]),
        node("Div", ["light", "most"], ["share"]),
        node("Sub", ["unit", "share"], ["all_scores"]),
        node("Sub", ["deep", "half"], ["reach"]),
        *(
            step
            for axis, place in (("y", "two"), ("x", "three"))
            for step in (
                node("Gather", ["found", place], [f"{axis}0"], axis=0),
                node("Squeeze", [f"{axis}0", "zero"], [f"{axis}1"]),
                node("Cast", [f"{axis}1"], [f"{axis}2"], to=TensorProto.FLOAT),
                node("Add", [f"{axis}2", "half"], [axis]),
                node("Sub", [axis, "reach"], [f"{axis}min0"]),
                node("Add", [axis, "reach"], [f"{axis}max0"]),
                node("Div", [f"{axis}min0", "scale"], [f"{axis}min"]),
                node("Div", [f"{axis}max0", "scale"], [f"{axis}max"]),
            )
        ),
        node("Unsqueeze", ["xmin", "one"], ["c0"]),
        node("Unsqueeze", ["ymin", "one"], ["c1"]),
        node("Unsqueeze", ["xmax", "one"], ["c2"]),
        node("Unsqueeze", ["ymax", "one"], ["c3"]),
        node("Concat", ["c0", "c1", "c2", "c3"], ["all_boxes"], axis=1),
        node("Gather", ["found", "one"], ["k0"], axis=0),
        node("Squeeze", ["k0", "zero"], ["all_kinds"]),
        node("Cast", ["all_kinds"], ["k1"], to=TensorProto.FLOAT),
        node("Mul", ["k1", "apart"], ["k2"]),
        node("Unsqueeze", ["k2", "one"], ["k3"]),
        node("Add", ["all_boxes", "k3"], ["own_boxes"]),  # kinds do not suppress each other
        node("Reshape", ["own_boxes", "rows"], ["boxes3"]),
        node("Reshape", ["all_scores", "row"], ["scores3"]),
        node("NonMaxSuppression", ["boxes3", "scores3", "many", "overlap"], ["kept3"]),
        node("Gather", ["kept3", "two"], ["kept2"], axis=1),
        node("Squeeze", ["kept2", "one"], ["kept"]),
        *(node("Gather", [f"all_{name}", "kept"], [name], axis=0) for name in outputs),
    ]
    kinds = {
        "boxes": (TensorProto.FLOAT, ["n", 4]),
        "kinds": (TensorProto.INT64, ["n"]),
        "scores": (TensorProto.FLOAT, ["n"]),
    }
    graph = helper.make_graph(
        nodes,
        "squares",
        [
            helper.make_tensor_value_info("field", TensorProto.UINT8, ["h", "w", 3]),
            helper.make_tensor_value_info("scale", TensorProto.FLOAT, []),
        ],
        [helper.make_tensor_value_info(name, *kinds[name]) for name in outputs],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if card is not None:
        helper.set_model_props(model, {METADATA_KEY: card or CARD.to_json()})
    onnx.save(model, path)
    return path


def draw_field(
    height: int, width: int, squares: list[tuple[str, float, float, float]], darkness: int = 200
) -> np.ndarray:
    """A field, uint8 (h, w, 3), of squares: kind, x and y of the centre, side in pixels."""
    field = np.full((height, width, 3), BACKGROUND, np.uint8)
    for kind, x, y, side in squares:
        top, left = round(y - side / 2), round(x - side / 2)
        rows, columns = slice(max(0, top), max(0, top + round(side))), slice(max(0, left), max(0, left + round(side)))
        field[rows, columns, KINDS.index(kind)] = BACKGROUND - darkness
    return field


def small_field() -> np.ndarray:
    """24 cells: 18 red, 3 white, 3 platelets."""
    return draw_field(200, 260, grid(200, 260))


def grid(height: int, width: int, side: int = 13, apart: int = 40) -> list[tuple[str, float, float, float]]:
    """Squares in rows, in turn five red ones, a white one and a platelet, the latter larger and smaller."""
    turn = ["red"] * 5 + ["white", "platelet"]
    sides = {"red": side, "white": round(1.6 * side), "platelet": round(0.4 * side)}
    places = [(x, y) for y in range(apart, height - side, apart) for x in range(apart, width - side, apart)]
    return [(kind, x, y, sides[kind]) for i, (x, y) in enumerate(places) for kind in [turn[i % len(turn)]]]
