"""What a made-up model says of made-up images: overconfident, and the worse the smaller its margin."""

import numpy as np

from hemascope.evaluate.forecast.reference import SETTINGS, Reference
from hemascope.evaluate.forecast.views import ClassifiedTwice
from hemascope.evaluate.predictions import softmax

K = 5


def targets_of(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, K, n)


def classified(targets: np.ndarray, margin: float, seed: int = 0) -> ClassifiedTwice:
    """Two views that share half of their noise; logits are half as large again as they should be."""
    generator = np.random.default_rng(seed)
    shape = (len(targets), K)
    shared = margin * np.eye(K)[targets] + generator.normal(0, 1, shape)
    views = [softmax(2.25 * (shared + generator.normal(0, 0.7, shape))) for _ in range(2)]
    return ClassifiedTwice(*views)


def reference(n: int = 200, seed: int = 0) -> Reference:
    """Margins fall from 6 with severity, for every corruption at its own pace."""
    targets = targets_of(n, seed)
    generator = np.random.default_rng(seed + 1)
    pace = {setting.corruption: generator.uniform(0.1, 1.0) for setting in SETTINGS}
    said = [
        classified(targets, 6 - pace[setting.corruption] * setting.severity, seed + 2 + i)
        for i, setting in enumerate(SETTINGS)
    ]
    return Reference(SETTINGS, tuple(said), targets)
