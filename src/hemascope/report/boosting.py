"""How a boosting went: error, vote and accuracy after every round."""

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from hemascope.report import svg
from hemascope.train.boosting.ledger import BoostingLog

LEARNERS = {"networks": "networks", "features": "decision trees on the features of a network that was not trained"}
MOST_ROWS = 20
"""A table of more rounds shows so many of them, the first and the last among these."""


class Curves(NamedTuple):
    """A boosting by rounds, float (t,) each.

    Attributes:
        rounds: 1 .. t.
        error: weighted training error of each learner.
        alpha: weight of its vote.
        alone: validation accuracy of each learner.
        together: validation accuracy of the learners so far.
    """

    rounds: np.ndarray
    error: np.ndarray
    alpha: np.ndarray
    alone: np.ndarray
    together: np.ndarray


def curves(log: BoostingLog) -> Curves:
    """The numbers that the figure shows."""
    names = ("error", "alpha", "val_accuracy", "ensemble_val_accuracy")
    columns = [np.array([getattr(each, name) for each in log.rounds]) for name in names]
    return Curves(np.arange(1, len(log.rounds) + 1, dtype=float), *columns)


@svg.styled
def draw_boosting(log: BoostingLog) -> Markup:
    """Validation accuracy alone and together, weighted error, and vote, one above the other."""
    shown = curves(log)
    figure, panels = svg.canvas(4.4, 5.0, [1.5, 1.0, 0.8])
    marker = "o" if len(shown.rounds) <= MOST_ROWS else None
    panels[0].plot(shown.rounds, shown.together, color=svg.ACCENT, marker=marker, ms=4, label="together")
    panels[0].plot(shown.rounds, shown.alone, color=svg.SECOND, marker=marker, ms=4, label="alone", ls=(0, (4, 2)))
    panels[0].set_ylabel("val accuracy")
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    panels[1].plot(shown.rounds, shown.error, color=svg.MUTED, marker=marker, ms=4)
    panels[1].axhline(log.chance, color=svg.WRONG, lw=0.9, ls=(0, (2, 2)))
    panels[1].set(ylabel="weighted error", ylim=(0, 1))
    panels[2].bar(shown.rounds, shown.alpha, color=svg.ACCENT, width=0.7)
    panels[2].set(ylabel="vote", xlabel="round")
    panels[2].xaxis.set_major_locator(MaxNLocator(integer=True))
    return svg.inline(figure, "boosting", describe(log))


def describe(log: BoostingLog) -> str:
    """The figure in one sentence."""
    first, last = log.rounds[0], log.rounds[-1]
    return (
        f"Boosting over {len(log.rounds)} rounds: validation accuracy {first.val_accuracy:.4f} of the first learner, "
        f"{last.ensemble_val_accuracy:.4f} of all together."
    )


def boosting_words(log: BoostingLog) -> list[str]:
    """What was boosted, what it gained, and why it ended early if it did."""
    first, last = log.rounds[0], log.rounds[-1]
    gain = 100 * (last.ensemble_val_accuracy - first.val_accuracy)
    number = len(log.rounds)
    learners = f"{number} {LEARNERS[log.over]} vote" if number > 1 else f"One of the {LEARNERS[log.over]} votes alone"
    words = [
        f"{learners}; each was trained on what those before it got wrong (AdaBoost, SAMME).",
        f"The first alone has {100 * first.val_accuracy:.1f}% of the validation images right, all together "
        f"{100 * last.ensemble_val_accuracy:.1f}% ({gain:+.1f} percentage points).",
    ]
    if log.stopped:
        words.append(f"It ended after {number} of {log.planned} rounds: {log.stopped}.")
    return words


def boosting_part(log: BoostingLog | None) -> dict[str, Any] | None:
    """What the page shows; None where nothing was boosted."""
    if log is None or not log.rounds:
        return None
    places = np.unique(np.linspace(0, len(log.rounds) - 1, min(len(log.rounds), MOST_ROWS)).round().astype(int))
    return {
        "log": log,
        "words": boosting_words(log),
        "figure": draw_boosting(log),
        "rows": [(int(i) + 1, log.rounds[i]) for i in places],
    }
