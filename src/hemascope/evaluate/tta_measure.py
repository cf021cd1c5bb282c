"""Test-time augmentation of a network that was just trained, on the images that it was scored on."""

import numpy as np

from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.tta import TtaModel
from hemascope.evaluate.tta_result import Timed, TtaResult, compare_tta
from hemascope.models.network import Network


def measure_tta(network: Network, predictions: Predictions, images: np.ndarray, size: int, steps: int) -> TtaResult:
    """Compare a network with itself behind test-time augmentation, on its test part or, without one, val.

    The Run's predictions, scores and model file stay the plain network's.

    Args:
        network: as it was scored.
        predictions: what it said of ``images``, without test-time augmentation.
        images: uint8 (n, size, size, 3), row by row those of ``predictions``.
        size: side of the images that it was trained on.
        steps: number of views.
    """
    split = next(name for name in ("test", *predictions.splits) if name in predictions.splits)
    chosen = (predictions.table["split"] == split).to_numpy()
    plain = NetworkModel(network, predictions.classes, size, predictions.temperature)
    timed, averaged = Timed(plain), Timed(TtaModel(plain, steps))
    said = [model.probabilities(images[chosen]).argmax(axis=1) for model in (timed, averaged)]
    return compare_tta(
        predictions.of(split).targets,
        *said,
        steps=steps,
        plain_ms=timed.milliseconds,
        averaged_ms=averaged.milliseconds,
        split=split,
    )
