"""The books of a boosting: example weights, votes and scores, round by round."""

from dataclasses import replace

import numpy as np
from rich.console import Console

from hemascope.errors import RunError
from hemascope.train.boosting.log import BoostingLog, Round
from hemascope.train.boosting.options import Boosting
from hemascope.train.boosting.samme import chance, votes, weigh

_ROUNDING = 1e-9  # a constant answer errs by exactly chance, but for the last digits of the sum


class Ledger:
    """Enters one learner after another; everything follows from what they say, so a resumed boosting enters them anew.

    Args:
        boosting: the recipe's part.
        train: class numbers of the training images, int (n,).
        val: those of the validation images, int (m,).

    Attributes:
        weights: of the training images in the next round, float64 (n,), sum 1.
        log: the rounds so far.
    """

    def __init__(self, boosting: Boosting, train: np.ndarray, val: np.ndarray) -> None:
        self.boosting, self.train, self.val = boosting, train, val
        self.classes = max(len(np.unique(train)), 2)
        self.weights = np.full(len(train), 1 / len(train))
        self.log = BoostingLog(boosting.over, boosting.rounds, chance(self.classes))
        self._sums: np.ndarray | float = 0.0  # of the votes on val

    @property
    def alphas(self) -> list[float]:
        """Weights of the votes, of the rounds that are kept."""
        return [each.alpha for each in self.log.rounds]

    @property
    def next(self) -> int:
        """Number of the round to come, from 1."""
        return len(self.log.rounds) + 1

    def add(self, train: np.ndarray, val: np.ndarray, seconds: float) -> bool:
        """Enter a learner.

        Args:
            train: classes that it gives the training images, int (n,).
            val: its probabilities for the validation images, float (m, k).
            seconds: that it took.

        Returns:
            Whether it is kept. ``log.stopped`` is set where no further round makes sense.

        Raises:
            RunError: the first learner is no better than chance.
        """
        wrong = train != self.train
        weighed = weigh(self.weights, wrong, self.classes, self.boosting.learning_rate)
        if weighed.error >= self.log.chance - _ROUNDING:
            self._stop(
                f"learner {self.next} is no better than chance (error {weighed.error:.3f}, guessing "
                f"{self.log.chance:.3f})"
            )
            return False
        together = self._sums = self._sums + weighed.alpha * votes(val, self.boosting.voting)
        entered = Round(
            error=weighed.error,
            alpha=weighed.alpha,
            train_accuracy=float(1 - wrong.mean()),
            val_accuracy=_accuracy(val, self.val),
            ensemble_val_accuracy=_accuracy(together, self.val),
            seconds=seconds,
        )
        self.weights = weighed.weights
        self.log = replace(self.log, rounds=(*self.log.rounds, entered))
        if not wrong.any() and len(self.log.rounds) < self.log.planned:
            self._stop(
                f"learner {len(self.log.rounds)} makes no mistake on the training images, so there is nothing left to "
                "weigh: choose a weaker one (fewer epochs, a smaller network)"
            )
        return True

    def tell_round(self, console: Console) -> None:
        """Print the last round that is kept."""
        last = self.log.rounds[-1]
        console.print(
            f"round {len(self.log.rounds)}/{self.log.planned}  error {last.error:.3f}  vote {last.alpha:.2f}  "
            f"val accuracy {last.val_accuracy:.4f}, together {last.ensemble_val_accuracy:.4f}",
            highlight=False,
        )

    def tell_end(self, console: Console) -> None:
        """Print why there are no more rounds, where there are fewer than planned."""
        if self.log.stopped:
            console.print(f"boosting ends: {self.log.stopped}", highlight=False)

    def _stop(self, reason: str) -> None:
        self.log = replace(self.log, stopped=reason)
        if not self.log.rounds:
            raise RunError(
                f"boosting: {reason}",
                "Train each round for longer (epochs, optimizer.learning_rate), or choose a stronger network.",
            )


def _accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    return float((scores.argmax(1) == targets).mean())
