"""The method: a head refitted to labelled cells, held by the memory of the classes, and what it is worth.

The new logits are the old ones and a linear correction of the features. It is as small as it can be (ridge), makes the
labelled cells likely however they are turned, and leaves what the head says of the remembered images as it was. Where
there are unlabelled cells of the same laboratory, it is fitted anew some times to what it says of them, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special
from threadpoolctl import threadpool_limits

from hemascope.adapt.head import Head
from hemascope.adapt.memory import Memory
from hemascope.progress import SILENT, Progress

HOLD = 10.0
"""Weight of the memory; that of the labelled cells together is 1."""

RIDGE = 1e-4
"""Weight of the correction's size, in the spread of the remembered features."""

FOLDS = 5
"""Parts of the labelled cells, each judged by a head that was fitted to the others."""

_CONSENSUS, _ENOUGH = 4.0, 100  # weight of the unlabelled cells, as above; so many that have all of it
_SHORT = 40  # steps of the solver, each time that they are asked

ROUNDS = 5
"""How often they are asked."""

BOUNDS = (0.5, 5.0)
"""Temperatures outside are never chosen."""

_PRIOR = 1.0  # how many cells' worth a temperature of 1 is held by
_STEPS = 150
_SMALLEST = 1e-3  # of the largest spread: features that hardly vary are not blown up


class Fitter:
    """Fits heads to parts of the labelled cells.

    Args:
        head: the old one, with all classes, new ones among them (`Head.grown`).
        known: classes that the old head knew; the others are new.
        features: float32 (n, v, d), of v views of each labelled cell, the first as it is (`hemascope.adapt.views`).
        targets: class numbers, int (n,).
        memory: of the classes that the file knew.
        unlabelled: float32 (m, v, d), of cells of the same laboratory without labels, if there are any.
        hold: weight of the memory; that of the labelled cells together is 1.
        ridge: weight of the correction's size.
        rounds: how often the unlabelled cells are asked; each takes as long as to fit the labelled ones.
    """

    def __init__(
        self,
        head: Head,
        known: int,
        features: np.ndarray,
        targets: np.ndarray,
        memory: Memory,
        *,
        unlabelled: np.ndarray | None = None,
        hold: float = HOLD,
        ridge: float = RIDGE,
        rounds: int = ROUNDS,
    ) -> None:
        self._rounds = rounds
        self._ridge, self._old, self._features, self._targets = ridge, head, features, targets
        self._unlabelled = features[:0] if unlabelled is None else unlabelled
        parts = [features.reshape(-1, features.shape[2]), self._unlabelled[:, 0], memory.features]
        everything = np.concatenate(parts).astype(np.float64)
        usual = memory.features if len(memory.features) else features[:, 0]
        spread = usual.std(axis=0, dtype=np.float64)
        self._scale = 1 / (np.maximum(spread, _SMALLEST * spread.max(initial=1e-12)) * np.sqrt(everything.shape[1]))
        self._centre = usual.mean(axis=0, dtype=np.float64)
        self._reduced, self._basis = _coordinates((everything - self._centre) * self._scale)
        self._before = head.logits(everything)
        first, last = np.cumsum([len(part) for part in parts])[:2]
        self._places = np.arange(first).reshape(features.shape[:2])
        self._asked, self._remembered = np.arange(first, last), np.arange(last, len(everything))
        self._hold, self._held = hold, np.zeros((len(memory.targets), len(head.bias)))
        if len(self._held):
            self._held[:, :known] = special.softmax(self._before[last:, :known], axis=1)

    def fit(self, chosen: np.ndarray) -> Head:
        """The head fitted to some of the labelled cells, by their places, or to the unlabelled alone."""
        own = self._places[chosen]
        wanted = np.eye(len(self._old.bias))[np.repeat(self._targets[chosen], own.shape[1])]
        asked = _CONSENSUS * min(1, len(self._asked) / _ENOUGH)
        known = [(own.ravel(), wanted, 1.0), (self._remembered, self._held, self._hold)]
        head = self._fitted(known, _STEPS) if len(chosen) else self._old
        for _ in range(self._rounds if len(self._asked) else 0):
            head = self._fitted([*known, (self._asked, agreed(head, self._unlabelled), asked)], _SHORT)
        return head

    def _fitted(self, parts: list[tuple[np.ndarray, np.ndarray, float]], steps: int) -> Head:
        """The head by rows, what is wanted of each, float (n, k), and the weight of all of them."""
        rows, wanted = (np.concatenate(values) for values in list(zip(*parts, strict=True))[:2])
        with threadpool_limits(1, "blas"):  # the matrices are small, and threads wait for each other
            correction, shift = smallest_correction(
                self._reduced[rows],
                self._before[rows],
                wanted,
                np.concatenate([np.full(len(own), weight / max(1, len(own))) for own, _, weight in parts]),
                ridge=self._ridge,
                steps=steps,
            )
        weight = correction @ self._basis * self._scale
        return Head(self._old.weight + weight, self._old.bias + shift - weight @ self._centre)

    def unseen(self, seed: int = 0, progress: Progress = SILENT) -> np.ndarray:
        """Logits of each labelled cell by a head that was fitted without it, float64 (n, k)."""
        logits = np.zeros((len(self._targets), len(self._old.bias)))
        parts = folds(self._targets, seed)
        progress.step("estimating by cross-validation", len(parts))
        for done, part in enumerate(parts, start=1):
            rest = np.setdiff1d(np.arange(len(self._targets)), part)
            logits[part] = self.fit(rest).logits(self._features[part, 0])
            progress.done(done)
        return logits


def agreed(head: Head, features: np.ndarray) -> np.ndarray:
    """What a head says of cells over all views of each, made surer: float64 (m, k) of features (m, v, d).

    The mean of the probabilities, squared and scaled to a sum of 1 (MixMatch: Berthelot et al. 2019).

    >>> head = Head(np.array([[1.0], [-1.0]]), np.zeros(2))
    >>> agreed(head, np.array([[[1.0], [1.0]], [[3.0], [-3.0]]])).round(2).tolist()
    [[0.98, 0.02], [0.5, 0.5]]
    """
    each = special.softmax(head.logits(features.reshape(-1, features.shape[2])), axis=1)
    surer = each.reshape(*features.shape[:2], -1).mean(axis=1) ** 2
    return np.asarray(surer / surer.sum(axis=1, keepdims=True))


def _coordinates(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, d) in coordinates of which there are no more than n, and the basis (r, d) that gives them back.

    The smallest correction lies in the span of the images: so it is looked for in their coordinates alone.
    """
    if len(points) >= points.shape[1]:
        return points, np.eye(points.shape[1])
    with threadpool_limits(1, "blas"):
        left, singular, right = np.linalg.svd(points, full_matrices=False)
    return left * singular, right


def folds(targets: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    """Parts of the cells, the classes spread over them; as many as `FOLDS`, or as there are cells.

    >>> [sorted(part.tolist()) for part in folds(np.array([0, 0, 1]))]
    [[0], [1], [2]]
    """
    order = np.random.default_rng(seed).permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    count = min(FOLDS, len(targets))
    return sorted((order[start::count] for start in range(count)), key=lambda part: int(part.min()))


def smallest_correction(
    features: np.ndarray,
    before: np.ndarray,
    wanted: np.ndarray,
    weights: np.ndarray,
    *,
    ridge: float = RIDGE,
    steps: int = _STEPS,
) -> tuple[np.ndarray, np.ndarray]:
    """The linear correction of logits that is best at its size: it makes the wanted classes likely and stays small.

    Args:
        features: float (n, r), centred and of like spread.
        before: the logits that it is added to, float (n, k).
        wanted: shares of the classes, float (n, k).
        weights: of each row, float (n,), with the sum 1 or so.
        ridge: weight of the correction's size.
        steps: of the solver at most; fewer hold the correction nearer to none.

    Returns:
        correction float64 (k, r) and shift float64 (k,): logits are ``before + features @ correction.T + shift``.

    >>> ends = np.array([[-1.0], [1.0]])
    >>> correction, _ = smallest_correction(ends, np.zeros((2, 2)), np.eye(2), np.full(2, 0.5), ridge=0.1)
    >>> bool(correction[1, 0] > 0 > correction[0, 0])
    True
    """
    k, r = before.shape[1], features.shape[1]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        correction, shift = values[: k * r].reshape(k, r), values[k * r :]
        logits = before + features @ correction.T + shift
        logits -= logits.max(axis=1, keepdims=True)  # by hand: scipy's logsumexp takes as long as all the rest
        odds = np.exp(logits)
        total = odds.sum(axis=1, keepdims=True)
        away = weights[:, None] * (odds / total - wanted)
        size = (correction**2).sum() + (shift**2).sum() / 100
        slope = np.concatenate([(away.T @ features + 2 * ridge * correction).ravel(), away.sum(0) + ridge * shift / 50])
        return float((weights * (np.log(total[:, 0]) - (wanted * logits).sum(1))).sum() + ridge * size), slope

    found = optimize.minimize(loss, np.zeros(k * r + k), jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return found.x[: k * r].reshape(k, r), found.x[k * r :]


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature that makes unseen cells likeliest (Guo et al. 2017), held near 1 where they are few.

    >>> fit_temperature(np.array([[8.0, 0.0], [8.0, 0.0]]), np.array([0, 1])) > 2
    True
    """
    places = np.arange(len(targets))

    def loss(log_t: float) -> float:
        scaled = logits * np.exp(-log_t)
        return float((special.logsumexp(scaled, axis=1) - scaled[places, targets]).sum() + _PRIOR * log_t**2)

    found = optimize.minimize_scalar(loss, bounds=tuple(np.log(BOUNDS)), method="bounded")
    return float(np.exp(found.x))


@dataclass(frozen=True)
class Confused:
    """Two classes that are not told apart.

    Attributes:
        first, second: their numbers.
        mistakes: cells of one that were called the other.
        cells: of both.
    """

    first: int
    second: int
    mistakes: int
    cells: int


def confused(targets: np.ndarray, labels: np.ndarray, share: float = 0.25) -> list[Confused]:
    """Pairs of classes of which at least this share is called the other, and two cells at least.

    >>> confused(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 0, 1]))
    [Confused(first=0, second=1, mistakes=2, cells=5)]
    """
    found = []
    present = np.unique(targets).tolist()
    for at, first in enumerate(present):
        for second in present[at + 1 :]:
            of = {one: int((targets == one).sum()) for one in (first, second)}
            wrong = {
                one: int(((targets == one) & (labels == other)).sum())
                for one, other in ((first, second), (second, first))
            }
            mistakes = sum(wrong.values())
            if mistakes >= 2 and max(wrong[one] / of[one] for one in of) >= share:
                found.append(Confused(first, second, mistakes, sum(of.values())))
    return found


def sets_of(
    probabilities: np.ndarray, targets: np.ndarray, levels: tuple[float, ...]
) -> tuple[list[float], list[float]]:
    """Coverages that so many unseen cells can support, and the probability that the classes of a set reach together.

    An unseen cell's score is the probability of its class and of those before it; the quantile of the scores is the
    mass (Romano et al. 2020, without the random part).
    """
    places = np.arange(len(targets))
    own = probabilities[places, targets][:, None]
    scores = np.sort(np.where(probabilities >= own, probabilities, 0).sum(axis=1))
    offered = [level for level in levels if np.ceil((len(targets) + 1) * level) <= len(targets)]
    ranks = [int(np.ceil((len(targets) + 1) * level)) - 1 for level in offered]
    return offered, [float(min(1.0, scores[rank])) for rank in ranks]
