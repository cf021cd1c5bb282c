"""The small model file: the convolutions in eight bits."""

import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from hemascope.files import atomic
from hemascope.predict.card import METADATA_KEY, ModelCard
from hemascope.predict.modelfile import INPUT

INT8 = "int8"
_QUANTISED = ("Conv", "Clip", "Add")


def write_int8(model: Path, images: Iterable[np.ndarray], path: Path, *, name: str) -> None:
    """Quantise a model file after its training (Jacob et al. 2018): a third of the size.

    The convolutions compute in eight bits, each output channel with its own scale. Framing, pooling, the head and what
    comes after it stay in float32: they are small, and decide what is close. Of a weight's eight bits seven are used,
    because processors without VNNI saturate when they add up products of all eight.

    Args:
        model: a model file in float32.
        images: some hundred training images, uint8 (h, w, 3) of any sizes, on which the range of every activation is
            measured.
        path: the file to write, whole or not at all.
        name: what its card calls it.
    """
    whole = onnx.load(model)
    kept = {item.key: item.value for item in whole.metadata_props}
    del whole.opset_import[1:]  # of domains that the simplifier knows and the graph does not use
    card = ModelCard.from_json(kept[METADATA_KEY], str(model))
    with atomic(path) as temporary, warnings.catch_warnings(), _Quiet():
        warnings.simplefilter("ignore")
        quantize_static(
            whole,
            temporary,
            _Images(images),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # The framing's nodes have no names.
            nodes_to_quantize=[node.name for node in whole.graph.node if node.op_type in _QUANTISED and node.name],
            op_types_to_quantize=list(_QUANTISED),
            calibrate_method=CalibrationMethod.MinMax,
        )
        small = onnx.load(temporary)
        del small.metadata_props[:]
        onnx.helper.set_model_props(small, {**kept, METADATA_KEY: replace(card, name=name).to_json()})
        onnx.save(small, temporary)


class _Images(CalibrationDataReader):
    def __init__(self, images: Iterable[np.ndarray]) -> None:
        self._images: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._images, None)
        return None if image is None else {INPUT: image[np.newaxis]}


class _Quiet:
    """Onnxruntime advises on the root logger to simplify the graph first, which has been done."""

    def __enter__(self) -> None:
        logging.disable(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        logging.disable(logging.NOTSET)
