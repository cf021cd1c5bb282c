"""What a Run costs: minutes of training, parameters, bytes, and images a second."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hemascope.evaluate.score_model import Model
from hemascope.predict.card import ModelCard

_IMAGES, _SIDE, _ROUNDS = 32, 96, 5


@dataclass(frozen=True)
class Cost:
    """What a Run costs; None where its folder does not tell.

    Attributes:
        minutes: of its epochs.
        parameters: number of weights.
        megabytes: of the model file, 10^6 bytes.
        images_s: images a second of the model file, on this machine's CPU.
        network: the backbone's name.
    """

    minutes: float | None = None
    parameters: int | None = None
    megabytes: float | None = None
    images_s: float | None = None
    network: str = ""


def cost_of(run: Path, card: ModelCard | None, images_s: float | None = None) -> Cost:
    """The cost that a Run's folder tells.

    Args:
        run: with history.csv and model.onnx, where they are there.
        card: of the model, where there is one.
        images_s: its speed, where it was measured.
    """
    model = run / "model.onnx"
    return Cost(
        minutes=_minutes(run / "history.csv"),
        parameters=card.parameters or None if card else None,
        megabytes=model.stat().st_size / 1e6 if model.is_file() else None,
        images_s=images_s,
        network=card.network if card else "",
    )


def images_per_second(model: Model) -> float:
    """Speed of a model on images of 96 x 96 pixels, 32 at a time: the best of several rounds after a first one."""
    images = np.random.default_rng(0).integers(0, 256, (_IMAGES, _SIDE, _SIDE, 3), dtype=np.uint8)
    model.probabilities(images)
    seconds = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        model.probabilities(images)
        seconds.append(time.perf_counter() - begun)
    return _IMAGES / min(seconds)


def _minutes(history: Path) -> float | None:
    try:
        return float(pd.read_csv(history)["seconds"].sum()) / 60
    except (OSError, ValueError, KeyError):  # no history, or none of ours: the scores are worth having without it
        return None
