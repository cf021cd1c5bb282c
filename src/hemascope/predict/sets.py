"""Conformal prediction sets out of calibrated probabilities and a threshold of the model card."""

from collections.abc import Sequence

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard

SEPARATOR = "|"
"""Between the classes of a set in a table's cell."""


def set_threshold(card: ModelCard, coverage: float) -> float:
    """The least probability of a class in a set of this coverage.

    Raises:
        ModelFileError: the card does not name that coverage.
    """
    levels = dict(zip(card.conformal.get("coverage", ()), card.conformal.get("thresholds", ()), strict=True))
    if coverage not in levels:
        offered = ", ".join(f"{level:g}" for level in levels)
        raise ModelFileError(
            f"the model {card.name!r} has no prediction sets of coverage {coverage:g}",
            f"Ask for one of {offered}." if offered else "Finish its training anew: hemascope train --resume RUN",
        )
    return float(levels[coverage])


def class_sets(probabilities: np.ndarray, classes: Sequence[str], threshold: float) -> list[tuple[str, ...]]:
    """Of each row the classes of at least this probability, most probable first; always the most probable one.

    >>> class_sets(np.array([[0.6, 0.3, 0.1], [0.2, 0.1, 0.7]]), ("a", "b", "c"), 0.25)
    [('a', 'b'), ('c',)]

    Args:
        probabilities: float (n, k); a row of NaN gives an empty set.
        classes: k names.
        threshold: in [0, 1].
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    counts = np.maximum((ranked >= threshold).sum(axis=1), np.isfinite(ranked[:, 0]))
    return [tuple(classes[i] for i in row[:count]) for row, count in zip(order, counts, strict=True)]
