"""A model file as an explainer."""

import numpy as np

from hemascope.explain.occlusion import occlusion_heat
from hemascope.predict.classifier import Classifier
from hemascope.predict.heat import SPOTS


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
