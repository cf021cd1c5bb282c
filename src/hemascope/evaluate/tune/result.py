"""What a search found: every trial with its score by epoch, the winner, and what the winner is worth."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hemascope.evaluate.tune.measure import Measured
from hemascope.files import write_text
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import write_recipe
from hemascope.train.search import Choice

FORMAT_VERSION = 1
TABLE_NAME, SUMMARY_NAME, RECIPE_NAME = "trials.csv", "tuning.json", "recipe.yaml"


@dataclass(frozen=True)
class TrialResult:
    """One trial that is over.

    Attributes:
        number: optuna's; numbers of trials that were cut short and begun again are missing.
        own: whether it is the recipe as it is.
        pruned: whether it was ended early, because it did worse than others at the same epoch.
        curve: the monitored score on val by epoch, from epoch 1.
        values: of the searched keys.
        seconds: it took.
    """

    number: int
    own: bool
    pruned: bool
    curve: tuple[float, ...]
    values: dict[str, Choice]
    seconds: float

    @property
    def value(self) -> float:
        """The score: of the last epoch; of a pruned trial where it was ended; NaN where it diverged at once."""
        return self.curve[-1] if self.curve else math.nan


@dataclass(frozen=True)
class Tuned:
    """A search.

    Attributes:
        recipe: the user's, as it is.
        best: the recipe with the winner's values.
        monitor: what a trial is scored by: val_accuracy, val_recall or val_loss.
        lower_is_better: whether that is so of ``monitor``.
        epochs: of each trial.
        size: side of the images of the trials.
        images: number of images by part.
        trials: those that are over, by number; one of them is the recipe's own.
        importance: share of each key in the spread of the scores, sums to 1; empty with few trials.
        measured: winner and recipe's own on ``val``, which chose it, and on ``test``, which did not; empty where the
            recipe's own wins.
    """

    recipe: Recipe
    best: Recipe
    monitor: str
    lower_is_better: bool
    epochs: int
    size: int
    images: dict[str, int]
    trials: tuple[TrialResult, ...]
    importance: dict[str, float]
    measured: dict[str, Measured]

    @property
    def own(self) -> TrialResult:
        """The recipe as it is."""
        return next(trial for trial in self.trials if trial.own)

    @property
    def chosen(self) -> TrialResult:
        """The unpruned trial with the best score; of equal ones the recipe's own, or the first."""
        return choose(self.trials, lower_is_better=self.lower_is_better)

    @property
    def score_name(self) -> str:
        """The measured score that speaks for ``monitor``."""
        return "balanced_accuracy" if self.monitor == "val_recall" else "accuracy"

    @property
    def tried(self) -> int:
        """Number of trials beside the recipe's own."""
        return len(self.trials) - 1

    def table(self) -> pd.DataFrame:
        """A row a trial: number, what it is, its score and epochs, and its values."""
        return pd.DataFrame(
            [
                {
                    "trial": trial.number,
                    "own": trial.own,
                    "state": "pruned" if trial.pruned else "complete",
                    "chosen": trial.number == self.chosen.number,
                    self.monitor: trial.value,
                    "epochs": len(trial.curve),
                    "seconds": round(trial.seconds, 1),
                    **trial.values,
                }
                for trial in self.trials
            ]
        )

    def write(self, folder: Path) -> None:
        """Write trials.csv, tuning.json and recipe.yaml, each whole or not at all."""
        write_text(folder / TABLE_NAME, self.table().to_csv(index=False))
        about: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "monitor": self.monitor,
            "epochs": self.epochs,
            "size": self.size,
            "images": self.images,
            "chosen": self.chosen.number,
            "values": self.chosen.values,
            "importance": self.importance,
            "measured": {name: _plain(measured) for name, measured in self.measured.items()},
            "curves": {trial.number: list(trial.curve) for trial in self.trials},
        }
        write_text(folder / SUMMARY_NAME, json.dumps(about, indent=1) + "\n")
        write_recipe(self.best, folder / RECIPE_NAME, self._origin())

    def _origin(self) -> list[str]:
        setting = f"{self.epochs} epochs of {self.images['train']:,} images at {self.size} px"
        lines = [
            f"The recipe {self.recipe.name} with the values that hemascope tune chose: trial {self.chosen.number}, "
            f"the best of {self.tried} beside the recipe's own.",
            f"Each trial: {setting}, scored by {self.monitor} on {self.images['val']:,} images of val.",
            f"{self.monitor}: {self.chosen.value:.4f}, the recipe's own {self.own.value:.4f}. It chose the trial, so "
            "it flatters.",
        ]
        if "test" in self.measured:
            gain = self.measured["test"].gain[self.score_name]
            lines.append(
                f"Gain in {self.score_name} on {self.measured['test'].images:,} other images: {100 * gain.value:+.2f} "
                f"percentage points [{100 * gain.low:+.2f} to {100 * gain.high:+.2f}]."
            )
        changed = {key: value for key, value in self.chosen.values.items() if not self.chosen.own}
        return [*lines, *(f"  {key}: {value}, before {self.own.values[key]}" for key, value in changed.items())]


def choose(trials: tuple[TrialResult, ...], *, lower_is_better: bool) -> TrialResult:
    """The trial with the best score among those that were not pruned; see `Tuned.chosen`."""
    sign = -1 if lower_is_better else 1
    finished = [trial for trial in trials if not trial.pruned]
    return max(finished, key=lambda trial: (sign * trial.value, trial.own, -trial.number))


def _plain(measured: Measured) -> dict[str, Any]:
    return {
        "images": measured.images,
        **{
            kind: {name: score._asdict() for name, score in getattr(measured, kind).items()}
            for kind in ("own", "chosen", "gain")
        },
    }
