"""The memory of a model file: features of some images of each class that it was trained on.

A head that is refitted to a few labelled cells of one laboratory forgets what they do not show. Held to what it said of
these features, it does not (rehearsal: Robins 1995). They are no pictures, and cannot be turned into any that a person
would know; at eight bits, 24 a class of 1,280 numbers take 0.3 MB.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.formats import parse_versioned, to_versioned

if TYPE_CHECKING:
    import onnx

MEMORY_KEY = "hemascope.memory"
"""The key of the ONNX metadata that holds the memory as JSON, the numbers in base64."""

FORMAT_VERSION = 1

EACH = 24
"""Images remembered a class."""

CANDIDATES = 64
"""Images a class that an export looks at for them."""

_HARD = 0.5  # share of those that are nearest to another class; the others are drawn


@dataclass(frozen=True)
class Memory:
    """Features of images whose classes are known.

    Attributes:
        classes: names of the classes.
        targets: number of each image's class, int64 (m,).
        features: float32 (m, d).
    """

    classes: tuple[str, ...]
    targets: np.ndarray
    features: np.ndarray


def remember(
    classes: tuple[str, ...], features: np.ndarray, targets: np.ndarray, probabilities: np.ndarray, seed: int = 0
) -> Memory:
    """Choose what to remember: of each class those that the model has right with the least confidence, and some drawn.

    Args:
        classes: k names.
        features: float32 (n, d), of training images.
        targets: class numbers, int (n,); negative ones (unlabelled) are left out.
        probabilities: float32 (n, k), the model's.
        seed: of the draw.

    >>> p = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> remember(("a", "b"), np.eye(3), np.array([0, 0, 1]), p).targets.tolist()
    [0, 0, 1]
    """
    generator = np.random.default_rng(seed)
    chosen: list[np.ndarray] = []
    for number in range(len(classes)):
        own = np.flatnonzero((targets == number) & (probabilities.argmax(axis=1) == number))
        own = own[np.argsort(probabilities[own, number], kind="stable")]
        hard = round(_HARD * EACH)
        chosen += [own[:hard], generator.permutation(own[hard:])[: EACH - hard]]
    places = np.concatenate(chosen)
    return Memory(classes, targets[places].astype(np.int64), features[places].astype(np.float32))


def candidates(targets: np.ndarray, seed: int = 0) -> np.ndarray:
    """Places of at most `CANDIDATES` images of each class, drawn.

    >>> len(candidates(np.array([0] * 100 + [1] * 3 + [-1])))
    67
    """
    order = np.random.default_rng(seed).permutation(len(targets))
    known = np.unique(targets[targets >= 0])
    return np.concatenate([np.zeros(0, np.int64), *(order[targets[order] == one][:CANDIDATES] for one in known)])


def store_memory(model: onnx.ModelProto, memory: Memory) -> None:
    """Put a memory into a model's metadata, in place of one there.

    Args:
        model: changed.
        memory: rounded to eight bits, each of the d features by its own largest value.
    """
    kept = [entry for entry in model.metadata_props if entry.key != MEMORY_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    step = np.maximum(np.abs(memory.features).max(axis=0, initial=0.0), 1e-12).astype("<f4") / np.float32(127)
    content = {
        "classes": memory.classes,
        "targets": _encode(memory.targets.astype("<u2")),
        "step": _encode(step.astype("<f4")),
        "features": _encode(np.rint(memory.features / step).astype("i1")),
    }
    model.metadata_props.add(key=MEMORY_KEY, value=to_versioned(content, FORMAT_VERSION, indent=None))


def read_memory(model: onnx.ModelProto, path: str = "model file") -> Memory | None:
    """The memory of a model; None where it has none.

    Raises:
        ModelFileError: it is damaged, or of a newer format.
    """
    text = next((entry.value for entry in model.metadata_props if entry.key == MEMORY_KEY), None)
    if text is None:
        return None

    def build(values: dict[str, Any]) -> Memory:
        classes = tuple(values["classes"])
        targets = _decode(values["targets"], "<u2").astype(np.int64)
        step = _decode(values["step"], "<f4")
        features = _decode(values["features"], "i1").reshape(len(targets), len(step)) * step
        if not all(isinstance(name, str) for name in classes) or (targets >= len(classes)).any():
            raise ValueError("images of no class")
        if not np.isfinite(features).all():
            raise ValueError("no finite features")
        return Memory(classes, targets, features.astype(np.float32))

    return parse_versioned(text, path, build, FORMAT_VERSION, what="its memory", error=ModelFileError)


def _encode(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _decode(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), kind)
