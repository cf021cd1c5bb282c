"""How far the suite's scores would move with other images: 95% bootstrap intervals."""

from collections.abc import Mapping

import numpy as np

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.hits import hit_scores

Spread = dict[str, dict[str, Score]]
"""Group of settings -> ``accuracy`` and ``balanced_accuracy`` -> mean over its settings, with the interval."""


def spread(hits: np.ndarray, targets: np.ndarray, groups: Mapping[str, np.ndarray], seed: int = 0) -> Spread:
    """Mean scores of groups of settings with their intervals.

    An image's hits stay together in a resample, so that the interval of a mean over settings is right although their
    errors go together.

    Args:
        hits: bool (n, s), whether image i was named rightly in setting j.
        targets: true class numbers int (n,).
        groups: name -> bool (s,), its settings, at least one.
        seed: of the resamples.

    >>> right = np.array([[True, True], [True, False]])
    >>> spread(right, np.array([0, 1]), {"all": np.array([True, True])})["all"]["accuracy"].value
    0.75
    """
    return {name: hit_scores(hits[:, own].mean(axis=1), targets, seed=seed) for name, own in groups.items()}
