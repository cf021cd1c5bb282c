"""A Run's network as an explainer."""

from pathlib import Path

import numpy as np

from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.summary import read_metrics
from hemascope.explain.grad_cam import grad_cam, map_side
from hemascope.models.network import Network
from hemascope.train.kinds import open_network
from hemascope.train.run import Run


class GradCamExplainer:
    """An `hemascope.explain.explainer.Explainer` of a network in memory, by Grad-CAM.

    Args:
        network: one network or an ensemble.
        classes: names of its k outputs.
        name: what to call it.
        temperature: of its calibration.
        layer: another layer than `hemascope.explain.grad_cam.target_layer` chooses.

    Raises:
        ModelFileError: no such layer, or a network without maps.
    """

    method = "Grad-CAM (Selvaraju et al. 2017): the last maps, weighted by the class's mean gradient over each"

    def __init__(
        self,
        network: Network,
        classes: tuple[str, ...],
        name: str,
        temperature: float = 1.0,
        layer: str | None = None,
    ) -> None:
        self._network = network
        self._layer = layer
        self.name = name
        self.network = network.description.network
        self.classes = classes
        self.size = network.description.input_size
        self.side = map_side(network, layer)
        self._model = NetworkModel(network, classes, self.size, temperature)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """See `hemascope.explain.explainer.Explainer`."""
        return self._model.probabilities(images)

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `hemascope.explain.explainer.Explainer`."""
        return grad_cam(self._network, images, classes, layer=self._layer)


def open_run_explainer(folder: Path, layer: str | None = None) -> GradCamExplainer:
    """The network of a finished Run, calibrated as its model file is."""
    run = Run.open(folder)
    network = open_network(run)
    temperature = read_metrics(run.metrics_file)["temperature"] if run.metrics_file.is_file() else 1.0
    return GradCamExplainer(network, run.manifest().classes, folder.resolve().name, temperature, layer)
