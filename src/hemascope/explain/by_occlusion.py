"""A model file as an explainer."""

import numpy as np
from PIL import Image

from hemascope.predict.classifier import Classifier
from hemascope.predict.heat import SPOTS, heat_map


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
    """An `hemascope.explain.explainer.Explainer` of a model file; every heat map costs 65 runs of it."""

    method = "occlusion sensitivity (Zeiler and Fergus 2014): how far the class's log-odds fall when a spot is hidden"
    side = SPOTS

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.name = classifier.card.name
        self.network = classifier.card.network
        self.classes = classifier.classes
        self.size = classifier.card.input_size

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """See `hemascope.explain.explainer.Explainer`."""
        return self._classifier.probabilities(images)

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `hemascope.explain.explainer.Explainer`."""
        return occlusion_heat(self._classifier, images, classes)
