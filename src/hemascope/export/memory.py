"""What a model file remembers of its training images, so that `hemascope adapt --labelled` can teach it."""

from pathlib import Path

import numpy as np
import onnx
from scipy import special

import hemascope
from hemascope.adapt.head import find_head
from hemascope.adapt.memory import candidates, remember, store_memory
from hemascope.errors import ModelFileError


def add_memory(path: Path, images: np.ndarray, targets: np.ndarray, seed: int = 0) -> None:
    """Put features of some training images into a model file; nothing where its head is no linear layer.

    Args:
        path: the model file, changed.
        images: uint8 (n, size, size, 3), framed.
        targets: class numbers, int (n,); -1 where unlabelled.
        seed: of the draw.
    """
    model = onnx.load(path)
    try:
        head = find_head(model, str(path))
    except ModelFileError:
        return
    chosen = candidates(targets, seed)
    if not len(chosen):
        return
    classifier = hemascope.load(path, device="cpu")
    features = classifier.features(images[chosen])
    said = special.softmax(head.logits(features), axis=1)
    memory = remember(classifier.classes, features, targets[chosen], said, seed)
    if len(memory.targets):
        store_memory(model, memory)
        onnx.save(model, path)
