"""Shares of classes among cells of which only is known what a classifier calls them.

Where classes are confused, the shares of the labels are not those of the cells. They are taken to come from them by the
classifier's confusions, which are those of the labelled cells ("label shift": only the shares are others): so the
shares that make the labels likeliest are sought (Lipton et al. 2018) by expectation maximisation (Saerens et al. 2002).

Their intervals come from draws. Each draws anew the labels, by how many cells there are, and the confusions, by how
many labelled cells they were counted on, both from Dirichlet distributions, and seeks the shares again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemascope.predict.differential.confusion import Confusion

DRAWS = 1000

WEIGHT = 0.5
"""Of a labelled cell in the draws. Cells of one slide are alike, so that they tell of others less than their number
does; chosen on the cells of labs/chula, see docs/measured/differential.md."""

_JEFFREYS = 0.5  # cells of each label before any was seen
_LEVEL = 0.95
_LEAST = 0.02  # of every class before the search of a draw begins: a share of 0 would stay
_STEPS, _NEAR = 300, 1e-4  # of a draw; its other errors are larger
_FINE_STEPS, _FINE = 3000, 1e-8


@dataclass(frozen=True)
class Shares:
    """Shares of the classes, and draws of them as far as they are uncertain.

    Attributes:
        best: float64 (k,), sums to 1.
        draws: float64 (DRAWS, k).
        chance: the same as far as they are uncertain by the number of cells alone.
        cells: how many they are of.
    """

    best: np.ndarray
    draws: np.ndarray
    chance: np.ndarray
    cells: int

    def part(self, chosen: np.ndarray, of: np.ndarray) -> tuple[float, float, float] | None:
        """How many of some classes come on one of others, with the ends of its 95% interval.

        It is never narrower than by chance alone: where fewer cells are called a class than are by mistake elsewhere,
        the confusions alone would leave nothing of it.

        Args:
            chosen, of: bool (k,); the former are among the latter for a share, and not for odds.

        Returns:
            None where there are none of the others. An end within half a cell of none of them, or of all, is there.
        """
        below = self.best[of].sum()
        if not below > 0:
            return None
        value, ends = float(self.best[chosen].sum() / below), []
        for draws in (self.draws, self.chance):
            drawn = draws[:, chosen].sum(axis=1) / np.maximum(draws[:, of].sum(axis=1), 1e-12)
            ends.append(np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]))
        low, high = float(min(ends[0][0], ends[1][0], value)), float(max(ends[0][1], ends[1][1], value))
        little = 0.5 / (self.cells * below)  # the search comes to an end of the range only in the limit
        whole = value <= 1 < high + little and not (chosen & ~of).any()
        return value, 0.0 if low < little else low, 1.0 if whole else high


def estimate(called: np.ndarray, confusion: Confusion | None, seed: int = 0) -> Shares:
    """The shares of the classes among cells.

    Args:
        called: float (k,), how many cells were called each class and not flagged as unknown; one at least.
        confusion: of the classifier. Without, the shares are those of the labels, and the draws know nothing of its
            errors.
        seed: of the draws.

    >>> often = Confusion(np.array([[900.0, 100.0], [0.0, 1000.0]]), np.zeros(2))
    >>> estimate(np.array([45.0, 55.0]), often).best.round(2).tolist()
    [0.5, 0.5]
    """
    k, generator, cells = len(called), np.random.default_rng(seed), int(called.sum())
    labels = generator.standard_gamma(np.broadcast_to(called + _JEFFREYS, (DRAWS, k)))
    if confusion is None:
        alone = labels / labels.sum(axis=1, keepdims=True)
        return Shares(called / called.sum(), alone, alone, cells)
    counts = np.column_stack([confusion.counts, confusion.flagged])
    counts[np.arange(k), np.arange(k)] += 1  # as if one more cell of each class had been right: there may be none
    even = np.full(counts.shape, 1 / k)
    even[:, k] = 1 / k if confusion.flagged.any() else 0
    best = _likeliest(counts[None], called[None], np.full((1, k), 1 / k), _FINE_STEPS, _FINE)[0]
    drawn = generator.standard_gamma(np.broadcast_to(WEIGHT * counts + even, (DRAWS, *counts.shape)))
    start = np.broadcast_to((best + _LEAST) / (1 + k * _LEAST), (DRAWS, k))
    chance = generator.standard_gamma(np.broadcast_to(best * cells + _JEFFREYS, (DRAWS, k)))
    return Shares(
        best,
        _likeliest(drawn, labels, start, _STEPS, _NEAR),
        chance / chance.sum(axis=1, keepdims=True),
        cells,
    )


def _likeliest(confused: np.ndarray, called: np.ndarray, shares: np.ndarray, steps: int, near: float) -> np.ndarray:
    """Shares (b, k) of all cells, those that are flagged among them, that make the labels of the others likeliest.

    Args:
        confused: float (b, k, k + 1), what cells of each class are called, and how many are flagged; not normalised.
        called: float (b, k), labels of cells that are not flagged; not normalised.
        shares: float (b, k), where the search begins.
        steps: at most so many.
        near: it ends where no share moves further.
    """
    seen = confused[:, :, :-1].sum(axis=2)
    # The draws lie last in memory, so that each step is a few sums of long rows.
    rows = np.ascontiguousarray((confused[:, :, :-1] / seen[:, :, None]).transpose(1, 2, 0))
    labels, found = (np.ascontiguousarray((part / part.sum(axis=1, keepdims=True)).T) for part in (called, shares))
    for _ in range(steps):
        before, expected = found, np.einsum("ib,ijb->jb", found, rows)
        found = before * np.einsum("ijb,jb->ib", rows, labels / np.maximum(expected, 1e-300))
        if np.abs(found - before).max() < near:
            break
    shares = found.T * confused.sum(axis=2) / seen  # so many more are there as are flagged
    return shares / shares.sum(axis=1, keepdims=True)
