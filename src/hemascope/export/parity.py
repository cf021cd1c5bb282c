"""The proof that a model file computes what the trained network does."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hemascope
from hemascope.data.framing import frame
from hemascope.errors import ModelFileError
from hemascope.evaluate.predictions import softmax
from hemascope.models.network import Network, run_network

TOLERANCE = 1e-3
"""Largest difference of a probability that is accepted."""


@dataclass(frozen=True)
class Parity:
    """How far a model file is from its network.

    Attributes:
        images: how many were compared.
        difference: largest absolute difference of a probability, in [0, 1].
        agreement: share of the images that get the same class.
    """

    images: int
    difference: float
    agreement: float


def compare(network: Network, temperature: float, model: Path, images: list[np.ndarray]) -> Parity:
    """Run pictures of any sizes through the trained network in torch and through the model file.

    Args:
        network: in evaluation mode.
        temperature: the one in the file's graph.
        model: the file.
        images: each uint8 (h, w, 3).
    """
    size = network.description.input_size
    logits = run_network(network, np.stack([frame(image, size) for image in images]))
    expected = softmax(logits / temperature)
    classifier = hemascope.load(model, device="cpu")
    found = np.concatenate([classifier.probabilities(image[np.newaxis]) for image in images])
    return Parity(
        images=len(images),
        difference=float(np.abs(found - expected).max()),
        agreement=float((found.argmax(1) == expected.argmax(1)).mean()),
    )


def require(parity: Parity, model: Path) -> None:
    """Refuse a model file that does not compute what its network does.

    Raises:
        ModelFileError: it differs by more than ``TOLERANCE``.
    """
    if not parity.difference <= TOLERANCE:
        raise ModelFileError(
            f"{model}: its probabilities differ from the trained network's by up to {parity.difference:.2g}",
            "Report this with the versions of torch, onnx and onnxruntime; do not deploy the file.",
        )
