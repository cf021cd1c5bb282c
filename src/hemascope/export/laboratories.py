"""A head for cells of several laboratories, on features that stay as they are.

A laboratory that has no cell of a class teaches that its camera never shows one. So others' cells of that class, in its
colours, stand in for those that it lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from hemascope.adapt.head import Head
from hemascope.adapt.teach import smallest_correction

FEWEST = 6
"""Cells of a class below which a laboratory counts as having none of it."""

DIMENSIONS = 256
"""Of the features' variance that the new head may use, in order of size: 99% of it."""

_SMALLEST = 1e-3  # of the largest spread: features that hardly vary are not blown up
_STEPS = 80


@dataclass(frozen=True)
class Laboratory:
    """What a network sees of a laboratory's cells.

    Attributes:
        features: float32 (n, d); several views of a cell are several rows.
        targets: class numbers, int (n,).
        stand_ins: class number to features float32 (m, d) of others' cells in this laboratory's colours.
    """

    features: np.ndarray
    targets: np.ndarray
    stand_ins: Mapping[int, np.ndarray]


@dataclass(frozen=True)
class Lesson:
    """How a head is fitted.

    Attributes:
        home: weight of the first laboratory, 0 to 1; the others share the rest evenly.
        stand_in: weight of a class that a laboratory lacks, in those of a class that it has.
        kept: share of the old head's logits that the new one begins with.
        ridge: weight of the size of what is added to them.
    """

    home: float = 0.8
    stand_in: float = 0.5
    kept: float = 1.0
    ridge: float = 3e-5


def rows(laboratories: list[Laboratory], classes: int, lesson: Lesson) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is to be learnt: features float32 (n, d), targets int64 (n,) and weights float64 (n,) whose sum is 1.

    Every laboratory has its weight, and in it every class that it has the same; one of which it has too few is left to
    its stand-ins.

    >>> one = Laboratory(np.zeros((8, 2)), np.array([0] * 6 + [1] * 2), {1: np.ones((3, 2))})
    >>> features, targets, weights = rows([one], 2, Lesson(home=1, stand_in=0.5))
    >>> targets.tolist(), weights[targets == 1].sum().round(3).item()
    ([0, 0, 0, 0, 0, 0, 1, 1, 1], 0.333)
    """
    features, targets, weights = [], [], []
    shares = [lesson.home, *[(1 - lesson.home) / max(1, len(laboratories) - 1)] * (len(laboratories) - 1)]
    for share, own in zip(shares, laboratories, strict=True):
        counts = np.bincount(own.targets, minlength=classes)
        parts = {c: own.features[own.targets == c] for c in range(classes) if counts[c] >= FEWEST}
        each = dict.fromkeys(parts, 1.0)
        for number, cells in own.stand_ins.items():
            if number not in parts and lesson.stand_in:
                parts[number], each[number] = cells, lesson.stand_in
        for number, cells in parts.items():
            features.append(cells)
            targets.append(np.full(len(cells), number))
            weights.append(np.full(len(cells), share * each[number] / sum(each.values()) / len(cells)))
    together = np.concatenate(weights)
    return np.concatenate(features), np.concatenate(targets), together / together.sum()


def fit_head(old: Head, features: np.ndarray, targets: np.ndarray, weights: np.ndarray, lesson: Lesson) -> Head:
    """The head that tells weighted cells apart and is nearest to the old one.

    Args:
        old: with all classes.
        features, targets, weights: as `rows` gives them.
        lesson: how.
    """
    mean = np.average(features, axis=0, weights=weights)
    centred = (features - mean).astype(np.float64)
    spread = np.sqrt(np.average(centred**2, axis=0, weights=weights))
    scale = 1 / (np.maximum(spread, _SMALLEST * spread.max(initial=1e-12)) * np.sqrt(features.shape[1]))
    centred *= scale
    values, vectors = np.linalg.eigh(centred.T @ (centred * weights[:, None]))
    basis = vectors[:, np.argsort(values)[::-1][:DIMENSIONS]]
    wanted = np.eye(len(old.bias))[targets]
    with threadpool_limits(1, "blas"):  # the matrices are small, and threads wait for each other
        correction, shift = smallest_correction(
            centred @ basis, lesson.kept * old.logits(features), wanted, weights, ridge=lesson.ridge, steps=_STEPS
        )
    weight = correction @ basis.T * scale
    return Head(lesson.kept * old.weight + weight, lesson.kept * old.bias + shift - weight @ mean)
