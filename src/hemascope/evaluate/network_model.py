"""A trained network with the interface of a deployed classifier, so that every evaluation can run on it."""

import numpy as np

from hemascope.data.framing import frame
from hemascope.evaluate.predictions import softmax
from hemascope.models.network import Network, run_network


class NetworkModel:
    """Calibrated probabilities of a network in memory; a `hemascope.evaluate.score_model.ClassifierLike`.

    Args:
        network: in memory, on any device.
        classes: names of its k outputs.
        size: side of the images that it was trained on; others are framed to it.
        temperature: of its calibration.
    """

    def __init__(self, network: Network, classes: tuple[str, ...], size: int, temperature: float = 1.0) -> None:
        self._network = network
        self._classes = classes
        self._size = size
        self._temperature = temperature

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the k classes."""
        return self._classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64 (n, k), of images uint8 (n, h, w, 3)."""
        if images.shape[1:3] != (self._size, self._size):
            images = np.stack([frame(np.ascontiguousarray(image), self._size) for image in images])
        return softmax(run_network(self._network, np.ascontiguousarray(images)) / self._temperature)
