"""Have a model file look at pictures of another side, for speed or for small cells; its weights stay.

    python scripts/at_side.py MODEL SIDE [-o FILE]

MODEL is a model file or the name of a shipped one, changed in place unless FILE is given. A convolutional network takes
any side; it is right as often only at those that its training showed it, as recipes with `progressive` do at two. Its
head, its score of unknown objects and its scores are to be fitted and measured anew after it: laboratory_head.py,
laboratory_unknown.py, ship_model.py.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

import hemascope
from hemascope.adapt.save import save_model
from hemascope.predict.shipped import find

SIDES = "sides"
"""The constant of the graph that holds height and width after framing, see `hemascope.export.graph`."""


def at_side(model: onnx.ModelProto, old: int, new: int) -> None:
    """Change the side, the maps' areas in shapes that were worked out from it, and the borders of strided layers.

    Those are TensorFlow's ("same"), which depend on whether a map's side is even.
    """
    areas = {old**2: new**2}
    for node in model.graph.node:
        about = {one.name: one for one in node.attribute}
        if node.op_type != "Conv" or list(about["strides"].ints) != [2, 2]:
            continue
        kernel = about["kernel_shape"].ints[0]
        assert list(about["pads"].ints) == same(old, kernel), f"{node.name}: not TensorFlow's borders"
        about["pads"].ints[:] = same(new, kernel)
        old, new = -(-old // 2), -(-new // 2)
        areas[old**2] = new**2
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name == SIDES:
            value = np.full_like(value, round(max(areas.values()) ** 0.5))
        elif value.dtype == np.int64 and value.shape == (3,) and value[0] == -1:  # (n, channels, area)
            value = np.array([-1, value[1], areas[int(value[2])]])
        else:
            continue
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    del model.graph.value_info[:]


def same(side: int, kernel: int) -> list[int]:
    """Pixels to add at the top, left, bottom and right before a layer of stride 2.

    >>> same(8, 5), same(7, 5)
    ([1, 1, 2, 2], [2, 2, 2, 2])
    """
    more = max(0, (-(-side // 2) - 1) * 2 + kernel - side)
    return [more // 2] * 2 + [more - more // 2] * 2


def main() -> None:
    """Read, change and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("side", type=int)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    path = find(options.model)
    model, card = onnx.load(path), hemascope.load(path).card
    at_side(model, card.input_size, options.side)
    changed = replace(card, input_size=options.side, scores={}, conformal={}, confusion={})
    save_model(model, options.output or path, changed)


if __name__ == "__main__":
    main()
