"""What lies between grey levels and the first layer, in as few steps over the picture as there can be.

A network's normalisation, ((x / 255) - mean) / std, is three steps as it is traced, and a step over all pixels costs as
much as a layer where onnxruntime turns the picture round so that the channels come last: it then takes the constants of
the three channels pixel by pixel. So the steps become (x - centre) / spread, by single numbers where the channels have
the same; and where eight bits follow, the division becomes part of their scale.
"""

import itertools

import numpy as np
import onnx
from onnx import helper, numpy_helper

PIXELS = "pixels"
"""What the framing gives: uint8 (n, 3, size, size), see `hemascope.data.framing`."""

_STEP = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
_NEAR = 8  # float32 on either side


def join_scaling(model: onnx.ModelProto) -> None:
    """Join the steps from the framed picture to the first layer into two, or one before eight bits.

    Numbers in eight bits stay the same, bit by bit; others differ by the rounding of float32. A graph of another shape,
    as that of several networks that share a picture, stays as it is, and so does one where eight bits cannot stay.

    Args:
        model: changed.
    """
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    cast = _only_taker(graph, PIXELS)
    if cast is None or cast.op_type != "Cast":
        return
    steps, end = [], cast.output[0]
    while (node := _only_taker(graph, end)) is not None and _is_step(node, end, constants):
        steps.append(node)
        end = node.output[0]
    if len(steps) < 2:
        return
    rows = [constants[node.input[1]] for node in steps]
    kinds = [node.op_type for node in steps]
    factor, offset = _affine(kinds, rows)
    centre, spread = _one(-offset / factor), _one(1 / factor)
    rounding = _only_taker(graph, end)
    node, added = helper.make_node, {}
    if rounding is not None and rounding.op_type == "QuantizeLinear":
        joined = _joined(kinds, rows, centre, spread, [constants.get(name) for name in rounding.input[1:]])
        if joined is None:
            return
        added[f"{end}/centre"], added[f"{end}/scale"] = joined
        rounding.input[0], rounding.input[1] = f"{end}/centred", f"{end}/scale"
        new = []
    elif len(steps) == 2 and max(row.size for row in rows) <= max(centre.size, spread.size):
        return  # nothing to gain
    else:
        added[f"{end}/centre"], added[f"{end}/spread"] = centre, spread
        new = [node("Div", [f"{end}/centred", f"{end}/spread"], [end])]
    new.insert(0, node("Sub", [cast.output[0], f"{end}/centre"], [f"{end}/centred"]))
    _replace(graph, steps, new)
    used = {name for node in graph.node for name in node.input} - added.keys()
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *(numpy_helper.from_array(values, name) for name, values in added.items())])


def _only_taker(graph: onnx.GraphProto, name: str) -> onnx.NodeProto | None:
    """The node that takes a value, where it is the only one."""
    takers = [node for node in graph.node if name in node.input]
    return takers[0] if len(takers) == 1 and name not in [output.name for output in graph.output] else None


def _is_step(node: onnx.NodeProto, value: str, constants: dict[str, np.ndarray]) -> bool:
    """Whether a node is arithmetic of a value and a constant, one number or one a channel."""
    if node.op_type not in _STEP or node.input[0] != value or node.input[1] not in constants:
        return False
    shape = constants[node.input[1]].shape
    return shape == () or (len(shape) == 4 and shape[0] == shape[2] == shape[3] == 1)


def _affine(kinds: list[str], rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Factor and offset that the steps come to, float64."""
    factor, offset = np.ones(()), np.zeros(())
    for kind, row in zip(kinds, rows, strict=True):
        offset = _STEP[kind](offset, row.astype(np.float64))
        if kind in ("Mul", "Div"):
            factor = _STEP[kind](factor, row.astype(np.float64))
    return factor, offset


def _one(values: np.ndarray) -> np.ndarray:
    """One number for all channels where they have the same, float32."""
    values = values.astype(np.float32)
    return values.reshape(-1)[0].reshape(()) if (values == values.reshape(-1)[0]).all() else values


def _joined(
    kinds: list[str],
    rows: list[np.ndarray],
    centre: np.ndarray,
    spread: np.ndarray,
    rounding: list[np.ndarray | None],
) -> tuple[np.ndarray, np.ndarray] | None:
    """Centre and scale with which every grey level gives the eight bits that it gave by the steps; None without such.

    Args:
        kinds, rows: the steps.
        centre, spread: what they come to.
        rounding: scale and zero point of the eight bits.
    """
    scale, zero = rounding if len(rounding) == 2 else (None, None)
    if scale is None or zero is None or not scale.size == spread.size == centre.size == 1:
        return None
    levels = np.arange(256, dtype=np.float32)
    by_steps = levels
    for kind, row in zip(kinds, rows, strict=True):
        by_steps = _STEP[kind](by_steps, row.reshape(-1)[0])
    info = np.iinfo(zero.dtype)

    def rounded(values: np.ndarray, by: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(values / by) + zero, info.min, info.max)

    wanted = rounded(by_steps, scale)
    for middle, by in itertools.product(_near(centre), _near((spread * scale).astype(np.float32))):
        if np.array_equal(rounded(levels - middle, by), wanted):
            return middle, by
    return None


def _near(value: np.ndarray) -> list[np.ndarray]:
    """A float32 and those next to it, the nearest first: what rounds a level that lies between two as before."""
    near, below, above = [value], value, value
    for _ in range(_NEAR):
        below, above = np.nextafter(below, np.float32(-np.inf)), np.nextafter(above, np.float32(np.inf))
        near += [below, above]
    return [np.asarray(each, np.float32) for each in near]


def _replace(graph: onnx.GraphProto, old: list[onnx.NodeProto], new: list[onnx.NodeProto]) -> None:
    """Put nodes in the place of the first of others."""
    outputs = {node.output[0] for node in old}
    nodes = list(graph.node)
    place = next(number for number, node in enumerate(nodes) if node.output[0] in outputs)
    kept = [node for node in nodes if node.output[0] not in outputs]
    del graph.node[:]
    graph.node.extend([*kept[:place], *new, *kept[place:]])
