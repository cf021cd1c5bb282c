"""A small model file of two convolutions that carries the statistics of their folded BatchNorms."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from hemascope.adapt.metadata import Norm, store_norms
from hemascope.predict.card import METADATA_KEY, ModelCard

CLASSES = ("basophil", "lymphocyte", "platelet")
SIZE = 12


def norms(seed: int = 0) -> dict[str, Norm]:
    rng = np.random.default_rng(seed)
    return {
        name: Norm(rng.normal(size=channels).astype("f4"), rng.uniform(0.3, 2, channels).astype("f4"))
        for name, channels in (("net.first.weight", 4), ("net.second.weight", 5))
    }


CONFUSED = {"counts": [[9, 1, 0], [0, 9, 1], [0, 0, 9]], "flagged": [0, 0, 1], "images": 30, "method": "cells"}


def write_model(path: Path, *, stored: dict[str, Norm] | None = None, seed: int = 0) -> Path:
    """Write the model; ``stored`` are the statistics that it carries, those of `norms` where not given."""
    rng = np.random.default_rng(seed)
    arrays = {
        "net.first.weight": rng.normal(size=(4, 3, 3, 3)),
        "net.first.bias": rng.normal(size=4),
        "net.second.weight": rng.normal(size=(5, 4, 1, 1)),
        "net.second.bias": rng.normal(size=5),
        "head.weight": rng.normal(size=(5, 3)),
        "white": np.array(255.0),
    }
    constants = [numpy_helper.from_array(values.astype("f4"), name) for name, values in arrays.items()]
    constants.append(numpy_helper.from_array(np.array([2, 3], np.int64), "plane"))
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["values"], to=TensorProto.FLOAT),
        node("Div", ["values", "white"], ["light"]),
        node("Transpose", ["light"], ["planes"], perm=[0, 3, 1, 2]),
        node("Conv", ["planes", "net.first.weight", "net.first.bias"], ["one"], kernel_shape=[3, 3]),
        node("Relu", ["one"], ["one_on"]),
        node("Conv", ["one_on", "net.second.weight", "net.second.bias"], ["two"], kernel_shape=[1, 1]),
        node("Relu", ["two"], ["two_on"]),
        node("ReduceMean", ["two_on", "plane"], ["features"], keepdims=0),
        node("MatMul", ["features", "head.weight"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "two convolutions",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 5]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    card = ModelCard("two", CLASSES, SIZE, temperature=1.5, scores={"accuracy": {"value": 0.9}}, confusion=CONFUSED)
    helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    store_norms(model, norms(seed) if stored is None else stored)
    onnx.save(model, path)
    return path


def write_images(folder: Path, n: int, seed: int = 0) -> Path:
    """Write n pictures of noise around a colour of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for i in range(n):
        values = rng.normal(rng.integers(40, 215, 3), 30, (SIZE, SIZE + i % 3, 3))
        Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(folder / f"{i:03d}.png")
    return folder


def some_images(n: int, seed: int = 0) -> np.ndarray:
    """Uint8 (n, SIZE, SIZE, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)
