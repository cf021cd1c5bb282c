"""What every explanation is made with: a classifier that can say where it looked. A model file can by occlusion."""

from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from hemascope.errors import ModelFileError
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.heat import SPOTS, heat_map
from hemascope.predict.prediction import appearances


class Explainer(Protocol):
    """A classifier with heat maps.

    Attributes:
        name: of the Run or the model.
        network: name of the backbone, "" where unknown.
        classes: names of the k classes.
        size: side in pixels of the images that it is shown.
        method: how the heat is made, in words.
        side: positions along each side of the map that the heat is resized from.
    """

    name: str
    network: str
    classes: tuple[str, ...]
    size: int
    method: str
    side: int

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float (n, k), of images uint8 (n, size, size, 3)."""

    def appearances(self, images: np.ndarray) -> list[str]:
        """What is seen of the cells in a few words, one an image; "" where nothing is said."""

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Heat maps, float32 (n, size, size) in [0, 1], for a class number each, int (n,)."""


def occlusion_heat(classifier: Classifier, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Heat maps of images for a class each, by hiding one spot after another (`hemascope.predict.heat`).

    What makes the class likelier when it is hidden becomes 0, as in Grad-CAM. Needs no torch.

    Args:
        classifier: run 65 times an image.
        images: uint8 (n, size, size, 3).
        classes: the class number to explain of each image, int (n,).

    Returns:
        float32 (n, size, size) in [0, 1], never negative; the maximum of each map is 1, or 0 where no spot speaks
        for the class: such a map is 0 everywhere.
    """
    found = np.zeros(images.shape[:3], np.float32)
    for place, (image, number) in enumerate(zip(images, classes, strict=True)):
        grid = np.maximum(heat_map(classifier, image, classifier.classes[number]).grid, 0)
        size = image.shape[1], image.shape[0]
        heat = np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BILINEAR))
        found[place] = heat / heat.max() if heat.max() > 0 else 0
    return found


class OcclusionExplainer:
    """The `Explainer` of a model file; every heat map costs 65 runs of it."""

    method = "occlusion sensitivity (Zeiler and Fergus 2014): how far the class's log-odds fall when a spot is hidden"
    side = SPOTS

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.name = classifier.card.name
        self.network = classifier.card.network
        self.classes = classifier.classes
        self.size = classifier.card.picture_side

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        return self._classifier.probabilities(images)

    def appearances(self, images: np.ndarray) -> list[str]:
        """See `Explainer`."""
        return appearances(self._classifier, list(images))

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        return occlusion_heat(self._classifier, images, classes)


def open_explainer(model: str | Path, layer: str | None = None, device: str | None = None) -> Explainer:
    """A Run's network with Grad-CAM, or a model file with occlusion, which needs no torch.

    Args:
        model: folder of a finished Run, a model file, or the name of a shipped model.
        layer: for Grad-CAM: another layer than the last maps.
        device: where its network runs.

    Raises:
        RunError: a Run whose training is not finished.
        ModelFileError: no such model, or no such layer.
    """
    if (Path(model) / "run.json").is_file():
        from hemascope.explain.grad_cam import open_run_explainer  # needs torch

        return open_run_explainer(Path(model), layer, device)
    if layer is not None:
        raise ModelFileError(f"{model}: a model file has no layers to look into", "Name the Run, or leave out --layer.")
    return OcclusionExplainer(load(model, device=device))
