"""The books of a boosting: example weights, votes and scores, round by round."""

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hemascope.errors import RunError
from hemascope.formats import read_versioned, write_versioned
from hemascope.models.boosted import Voting
from hemascope.progress import Progress
from hemascope.train.recipe import Boosting

FORMAT_VERSION = 1
FILE_NAME = "boosting.json"


@dataclass(frozen=True)
class Round:
    """One weak learner.

    Attributes:
        error: weighted share of the training examples that it got wrong.
        alpha: weight of its vote.
        train_accuracy: unweighted, of it alone.
        val_accuracy: of it alone.
        ensemble_val_accuracy: of it and those before it together.
        seconds: that its training took.
    """

    error: float
    alpha: float
    train_accuracy: float
    val_accuracy: float
    ensemble_val_accuracy: float
    seconds: float


@dataclass(frozen=True)
class BoostingLog:
    """The rounds of a boosting.

    Attributes:
        over: networks or features.
        planned: rounds that the recipe asked for.
        chance: the error of guessing, which a weak learner must stay below.
        rounds: those that are kept.
        stopped: why there are fewer than planned; "" where there are not, or where it still goes on.
    """

    over: str
    planned: int
    chance: float
    rounds: tuple[Round, ...] = field(default=())
    stopped: str = ""

    def write(self, folder: Path) -> None:
        """Write boosting.json, whole or not at all."""
        write_versioned(folder / FILE_NAME, asdict(self), FORMAT_VERSION)


def read_boosting(folder: Path) -> BoostingLog | None:
    """Read what `BoostingLog.write` wrote; None where a Run has none.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """

    def build(about: dict[str, Any]) -> BoostingLog:
        rounds = tuple(Round(**each) for each in about.pop("rounds"))
        return BoostingLog(**about, rounds=rounds)

    remedy = f"Delete {FILE_NAME} to report without it."
    return read_versioned(folder / FILE_NAME, build, FORMAT_VERSION, what="the log of the boosting", remedy=remedy)


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

    def tell_round(self, progress: Progress) -> None:
        """Say how the last round that is kept went."""
        last = self.log.rounds[-1]
        progress.say(
            f"round {len(self.log.rounds)}/{self.log.planned}  error {last.error:.3f}  vote {last.alpha:.2f}  "
            f"val accuracy {last.val_accuracy:.4f}, together {last.ensemble_val_accuracy:.4f}"
        )

    def tell_end(self, progress: Progress) -> None:
        """Say why there are no more rounds, where there are fewer than planned."""
        if self.log.stopped:
            progress.say(f"boosting ends: {self.log.stopped}")

    def _stop(self, reason: str) -> None:
        self.log = replace(self.log, stopped=reason)
        if not self.log.rounds:
            raise RunError(
                f"boosting: {reason}",
                "Train each round for longer (epochs, optimizer.learning_rate), or choose a stronger network.",
            )


def _accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    return float((scores.argmax(1) == targets).mean())
