"""The metadata of an ONNX graph: its card, and the statistics of folded BatchNorm layers.

A BatchNorm after a convolution gives, over the images that its statistics come from, channels of mean beta and
standard deviation |gamma| sqrt(v / (v + epsilon)), v the running variance (Ioffe and Szegedy 2015). Folding it into the
convolution loses these; with them, a training can start from the file, see `hemascope.models.rebuilt`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from hemascope.errors import ModelFileError
from hemascope.formats import parse_versioned, to_versioned
from hemascope.predict.card import METADATA_KEY, ModelCard

if TYPE_CHECKING:
    import onnx

NORMS_KEY = "hemascope.norms"
"""The key of the ONNX metadata that holds the statistics as JSON, the numbers in base64."""

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Norm:
    """What a normalised convolution gives over the training images, before its activation.

    Attributes:
        mean: float32 (channels,).
        std: float32 (channels,), not negative.
    """

    mean: np.ndarray
    std: np.ndarray


def store_norms(model: onnx.ModelProto, norms: dict[str, Norm]) -> None:
    """Put statistics into a model's metadata, in place of those there.

    Args:
        model: changed.
        norms: by the name of the convolution's weight, or an end of it that no other weight has; those that no Conv
            of the graph has are left out, and nothing is stored where none is left.
    """
    kept = [entry for entry in model.metadata_props if entry.key != NORMS_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    found = {}
    for weight in (node.input[1] for node in model.graph.node if node.op_type == "Conv"):
        ends = [name for name in norms if weight == name or weight.endswith(f".{name}")]
        if ends:
            norm = norms[max(ends, key=len)]
            found[weight] = [_encode(norm.mean), _encode(norm.std)]
    if found:
        model.metadata_props.add(key=NORMS_KEY, value=to_versioned({"norms": found}, FORMAT_VERSION, indent=None))


def read_norms(model: onnx.ModelProto, path: str = "model file") -> dict[str, Norm]:
    """The statistics by name of the convolution's weight; empty where the file has none.

    Raises:
        ModelFileError: they are damaged, or of a newer format.
    """
    text = next((entry.value for entry in model.metadata_props if entry.key == NORMS_KEY), None)
    if text is None:
        return {}

    def build(values: dict[str, Any]) -> dict[str, Norm]:
        norms = {weight: Norm(_decode(mean), _decode(std)) for weight, (mean, std) in values["norms"].items()}
        for weight, norm in norms.items():
            if not (np.isfinite(norm.mean).all() and np.isfinite(norm.std).all() and (norm.std >= 0).all()):
                raise ValueError(f"{weight}: no means and standard deviations")
        return norms

    return parse_versioned(text, path, build, FORMAT_VERSION, what="its statistics", error=ModelFileError)


def _encode(values: np.ndarray) -> str:
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode("ascii")


def _decode(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)


def set_card(model: onnx.ModelProto, card: ModelCard) -> None:
    """Put a card in, in the place of the one that is there; other metadata stay."""
    kept = {item.key: item.value for item in model.metadata_props}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {**kept, METADATA_KEY: card.to_json()})
