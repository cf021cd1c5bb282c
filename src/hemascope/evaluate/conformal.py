"""Conformal prediction sets: the classes that hold the true one in a stated share of cells.

Split conformal prediction (Vovk, Gammerman and Shafer 2005) with adaptive sets (Romano, Sesia and Candès 2020), by
MAPIE: a set takes the classes, most probable first, until together they reach a probability that one half of the
validation images decides. So a doubtful cell has a large set and a clear one a set of one class. What the sets then
hold is measured on the other half. The promise is for cells like these: of other laboratories' cells, fewer sets hold
the true class.
"""

from typing import Any

import numpy as np
from mapie.conformity_scores import APSConformityScore  # type: ignore[import-untyped]

from hemascope.predict.card import class_sets

LEVELS = (0.8, 0.9, 0.95, 0.98, 0.99)
"""Coverages that a model file offers."""

METHOD = "split conformal, adaptive sets, never empty"


def fit_sets(
    probabilities: np.ndarray, targets: np.ndarray, seed: int = 0, levels: tuple[float, ...] = LEVELS
) -> dict[str, Any]:
    """The part ``conformal`` of a model card: what half of the images sets, coverage measured on the others.

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
    masses = _masses(p[setting], np.asarray(targets)[setting], offered, seed)
    names = [str(number) for number in range(p.shape[1])]
    right = [names[target] for target in np.asarray(targets)[measuring]]
    sets = [class_sets(p[measuring], names, mass) for mass in masses]
    return {
        "levels": offered,
        "masses": masses,
        "measured": [float(np.mean([t in s for t, s in zip(right, found, strict=True)])) for found in sets],
        "size": [float(np.mean([len(s) for s in found])) for found in sets],
        "images": len(measuring),
        "method": METHOD,
    }


def _masses(probabilities: np.ndarray, targets: np.ndarray, levels: list[float], seed: int) -> list[float]:
    """The probability that the classes of a set must reach together, one a level.

    An image's score is the probability of the classes before its true one and a random part of that of the true one,
    without which even the least coverage would ask for nearly all of a sure answer.
    """
    score = APSConformityScore()
    score.set_external_attributes(classes=np.arange(probabilities.shape[1]), random_state=seed)
    scores = score.get_conformity_scores(targets, probabilities, targets)
    masses = score.get_conformity_score_quantiles(scores, 1 - np.array(levels), cv="prefit")
    return np.clip(masses, 0.0, 1.0).tolist()
