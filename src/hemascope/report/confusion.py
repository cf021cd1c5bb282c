"""The confusion matrix: which class is taken for which."""

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.patches import Rectangle

from hemascope.report import svg
from hemascope.report.words import confusions


class Confusion(NamedTuple):
    """Counts int64 (k, k), rows true and columns predicted, and shares (k, k) of the row, NaN for an empty row."""

    counts: np.ndarray
    shares: np.ndarray


def confusion(measured: dict[str, Any]) -> Confusion:
    """The confusion matrix of one split of metrics.json."""
    counts = np.array(measured["confusion"], np.int64)
    support = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, support, out=np.full(counts.shape, np.nan), where=support > 0)
    return Confusion(counts, shares)


@svg.styled
def draw_confusion(matrix: Confusion, classes: tuple[str, ...]) -> Markup:
    """Cells of count and share; right ones in one colour, mistakes in another, deeper from the first image on."""
    k = len(classes)
    side = min(0.46, max(0.26, 3.6 / k))
    names = [svg.label(name) for name in classes]
    letters = max(map(len, names))  # of 0.075 inches; those above stand aslant
    figure, (axes,) = svg.canvas(0.5 + 0.08 * letters + side * k, 0.7 + 0.058 * letters + side * k)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    small = side < 0.36 or matrix.counts.max() > 9999
    for row in range(k):
        for column in range(k):
            count, share = matrix.counts[row, column], matrix.shares[row, column]
            right = row == column
            # The root lets one mistake in a hundred be seen.
            depth = np.sqrt(share) if right else 0.12 + 0.88 * np.sqrt(share)
            colour, depth = (svg.ACCENT if right else svg.WRONG, float(depth)) if count else (svg.GRID, 0.35)
            axes.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, lw=0, facecolor=colour, alpha=depth))
            if not count:
                continue
            colour = svg.ON_ACCENT if depth > 0.62 else svg.INK
            middle = (column + 0.5, row + (0.5 if small else 0.40))
            axes.text(*middle, str(count), ha="center", va="center", color=colour, size=7 if small else 9)
            if not small:
                axes.text(column + 0.5, row + 0.74, share_text(share), ha="center", va="center", color=colour, size=6.5)
    axes.set(xlim=(0, k), ylim=(k, 0), aspect="equal")
    axes.set_xticks(np.arange(k) + 0.5, names, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(np.arange(k) + 0.5, names)
    axes.xaxis.tick_top()
    axes.set_ylabel("true")
    axes.set_xlabel("predicted")
    return svg.inline(figure, "confusion", describe(matrix, classes))


def share_text(share: float) -> str:
    """A share of a row in at most four signs.

    >>> share_text(0.0032), share_text(0.984), share_text(1.0)
    ('0.3%', '98%', '100%')
    """
    percent = 100 * share
    if 99 < percent < 100:
        return f"{min(percent, 99.9):.1f}%"
    return f"{percent:.1f}%" if percent < 9.95 else f"{percent:.0f}%"


def describe(matrix: Confusion, classes: tuple[str, ...]) -> str:
    """The matrix in words: how many are right, and the commonest mistakes."""
    worst = [f"{n} {true} taken for {said}" for n, true, said in confusions(matrix.counts, classes, most=3)]
    right = f"Confusion matrix: {np.trace(matrix.counts)} of {matrix.counts.sum()} images right."
    return f"{right} Commonest mistakes: {'; '.join(worst)}." if worst else f"{right} No mistakes."
