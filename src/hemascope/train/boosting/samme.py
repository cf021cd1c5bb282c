"""The arithmetic of SAMME: from a learner's mistakes to its vote and to the weights of the next round."""

import math
from typing import NamedTuple

import numpy as np

from hemascope.models.voting import Voting


class Weighed(NamedTuple):
    """What a round makes of a weak learner.

    Attributes:
        error: weight of the examples that it gets wrong, in [0, 1].
        alpha: weight of its vote; not above 0 where it is no better than chance.
        weights: of the examples in the next round, float64 (n,), sum 1.
    """

    error: float
    alpha: float
    weights: np.ndarray


def chance(classes: int) -> float:
    """The error of guessing among so many classes; a weak learner must err less."""
    return 1 - 1 / classes


def weigh(weights: np.ndarray, wrong: np.ndarray, classes: int, learning_rate: float = 1.0) -> Weighed:
    """One round of SAMME (Zhu, Zou, Rosset and Hastie 2009, algorithm 2).

    alpha = log((1 - error) / error) + log(K - 1), times the learning rate; the weight of a wrong example is multiplied
    by exp(alpha). A learner without a mistake would have an endless vote: its error is then taken as half an example's
    share, 1 / (2 n).

    Args:
        weights: of the examples, float (n,), sum 1.
        wrong: bool (n,).
        classes: K.
        learning_rate: shrinkage, above 0.

    >>> weighed = weigh(np.full(4, 0.25), np.array([True, False, False, False]), classes=2)
    >>> round(weighed.alpha, 4), weighed.weights.round(3).tolist()
    (1.0986, [0.5, 0.167, 0.167, 0.167])
    """
    error = float(weights[wrong].sum() / weights.sum())
    shown = min(max(error, 0.5 / len(weights)), 1 - 0.5 / len(weights))
    alpha = learning_rate * (math.log((1 - shown) / shown) + math.log(classes - 1))
    following = weights * np.exp(alpha * wrong)
    return Weighed(error, alpha, following / following.sum())


def votes(probabilities: np.ndarray, voting: Voting) -> np.ndarray:
    """What a learner gives to the vote, float (n, k), as `hemascope.models.boosted.Vote` counts it.

    Args:
        probabilities: that it says, float (n, k).
        voting: its probabilities, or 1 for its likeliest class.
    """
    if voting == "probabilities":
        return probabilities
    return np.eye(probabilities.shape[1])[probabilities.argmax(1)]
