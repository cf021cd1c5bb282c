"""What every explanation is made with: a classifier that can say where it looked."""

from pathlib import Path
from typing import Protocol

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.predict.classifier import load


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

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Heat maps, float32 (n, size, size) in [0, 1], for a class number each, int (n,)."""


def open_explainer(model: str | Path, layer: str | None = None) -> Explainer:
    """A Run's network with Grad-CAM, or a model file with occlusion, which needs no torch.

    Args:
        model: folder of a finished Run, a model file, or the name of a shipped model.
        layer: for Grad-CAM: another layer than the last maps.

    Raises:
        RunError: a Run whose training is not finished.
        ModelFileError: no such model, or no such layer.
    """
    from hemascope.explain.by_occlusion import OcclusionExplainer

    if (Path(model) / "run.json").is_file():
        from hemascope.explain.by_gradient import open_run_explainer

        return open_run_explainer(Path(model), layer)
    if layer is not None:
        raise ModelFileError(f"{model}: a model file has no layers to look into", "Name the Run, or leave out --layer.")
    return OcclusionExplainer(load(model))
