"""Conformal prediction sets: the classes that hold the true one in a stated share of cells.

Split conformal prediction (Vovk, Gammerman and Shafer 2005) with the least ambiguous sets (Sadinle, Lei and Wasserman
2019), by MAPIE: a class is in the set where its calibrated probability reaches a threshold that one half of the
validation images sets. What the sets then hold is measured on the other half. The promise is for cells like these: of
other laboratories' cells, fewer sets hold the true class.
"""

import warnings
from typing import Any

import numpy as np
from mapie.classification import SplitConformalClassifier  # type: ignore[import-untyped]
from sklearn.base import BaseEstimator, ClassifierMixin

from hemascope.predict.card import class_sets

LEVELS = (0.8, 0.9, 0.95, 0.98, 0.99)
"""Coverages that a model file offers."""

METHOD = "split conformal, least ambiguous sets, never empty"


class _Given(ClassifierMixin, BaseEstimator):
    """For MAPIE, which asks for a fitted classifier: its input is the probabilities themselves."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, x: np.ndarray, y: np.ndarray) -> "_Given":
        """Nothing to learn."""
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """What was given."""
        return x

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The most probable class."""
        return x.argmax(axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def fit_sets(
    probabilities: np.ndarray, targets: np.ndarray, seed: int = 0, levels: tuple[float, ...] = LEVELS
) -> dict[str, Any]:
    """The part ``conformal`` of a model card: thresholds of half of the images, coverage measured on the others.

    Args:
        probabilities: float (n, k), calibrated, of images that the network was not trained on.
        targets: class numbers, int (n,); negative ones (unlabelled) are left out.
        seed: which half is which.
        levels: coverages in (0, 1); those that so few images cannot support are left out.

    Returns:
        See `hemascope.predict.card.ModelCard`; empty where no level can be supported.

    >>> rng = np.random.default_rng(0)
    >>> p = rng.dirichlet([1, 1, 1], 400)
    >>> y = np.array([rng.choice(3, p=row) for row in p])
    >>> fit_sets(p, y, levels=(0.8,))["measured"][0] > 0.7
    True
    """
    known = np.flatnonzero(np.asarray(targets) >= 0)
    known = np.random.default_rng(seed).permutation(known)
    setting, measuring = known[: len(known) // 2], known[len(known) // 2 :]
    offered = [level for level in levels if len(setting) > max(1 / level, 1 / (1 - level))]  # as MAPIE asks
    if not offered or not len(measuring):
        return {}
    p = np.asarray(probabilities, np.float64)
    p = p / p.sum(axis=1, keepdims=True)  # MAPIE wants sums of 1 more exactly than float32 gives them
    thresholds = _thresholds(p[setting], np.asarray(targets)[setting], offered)
    names = [str(number) for number in range(p.shape[1])]
    right = [names[target] for target in np.asarray(targets)[measuring]]
    sets = [class_sets(p[measuring], names, threshold) for threshold in thresholds]
    return {
        "coverage": offered,
        "thresholds": thresholds,
        "measured": [float(np.mean([t in s for t, s in zip(right, found, strict=True)])) for found in sets],
        "size": [float(np.mean([len(s) for s in found])) for found in sets],
        "images": len(measuring),
        "method": METHOD,
    }


def _thresholds(probabilities: np.ndarray, targets: np.ndarray, levels: list[float]) -> list[float]:
    """The least probability that MAPIE lets into a set, one a level."""
    k = probabilities.shape[1]
    conformal = SplitConformalClassifier(_Given(k), confidence_level=levels, conformity_score="lac", prefit=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class has no image here: its threshold is that of the others
        conformal.conformalize(probabilities, targets)
    # MAPIE's threshold is the true class's probability of one of these images: ask which of them it lets in.
    candidates = np.unique(probabilities[np.arange(len(targets)), targets])
    asked = np.full((len(candidates), k), 0.0)
    asked[:, 0], asked[:, 1] = candidates, 1 - candidates
    let_in = conformal.predict_set(asked)[1][:, 0, :]  # (candidates, levels)
    return [float(candidates[inside][0]) if inside.any() else 1.0 for inside in let_in.T]
