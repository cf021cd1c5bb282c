"""Predictions made up by seed, of a wanted quality."""

import numpy as np

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.evaluate.predictions import Predictions


def logits_for(targets: np.ndarray, k: int, margin: float, seed: int = 0) -> np.ndarray:
    """Logits (n, k): noise of spread 2, the true class ahead by ``margin``."""
    logits = np.random.default_rng(seed).normal(0, 2, (len(targets), k))
    logits[np.arange(len(targets)), targets] += margin
    return logits


def predictions_for(
    n: int = 400,
    k: int = 8,
    margin: float = 5.0,
    seed: int = 0,
    splits: tuple[str, ...] = ("val",),
    temperature: float = 1.0,
) -> Predictions:
    classes = BLOOD_CLASSES[:k]
    targets = np.random.default_rng(seed + 1).integers(0, k, n)
    rows = Manifest.build(
        [f"cell_{i}.png" for i in range(n)],
        [classes[target] for target in targets],
        classes,
        splits=[splits[i % len(splits)] for i in range(n)],
    )
    return Predictions.build(rows, logits_for(targets, k, margin, seed), temperature)
