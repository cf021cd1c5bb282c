"""What a search found: every trial with its scores, the winner, and what the winner is worth."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hemascope.augment.policy import Policy
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.hits import hit_gains, hit_scores
from hemascope.evaluate.tune.trial import TrialResult
from hemascope.files import write_text
from hemascope.formats import write_versioned
from hemascope.models.network import Network, run_network
from hemascope.shown import percent
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import write_recipe
from hemascope.train.search import Choice

FORMAT_VERSION = 1
TABLE_NAME, SUMMARY_NAME, RECIPE_NAME, POLICY_NAME = "trials.csv", "tuning.json", "recipe.yaml", "augment.yaml"
BASELINE = 0


class Found(ABC):
    """A search that is over, as far as it was asked for."""

    trials: tuple[Any, ...]

    @property
    def tried(self) -> int:
        """Number of trials beside the recipe's own."""
        return len(self.trials) - 1

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """A row a trial."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What tuning.json holds beside its version, JSON-ready."""

    def write(self, folder: Path) -> None:
        """Write trials.csv and tuning.json, each whole or not at all, as all else."""
        write_text(folder / TABLE_NAME, self.table().to_csv(index=False))
        write_versioned(folder / SUMMARY_NAME, self.about(), FORMAT_VERSION)


@dataclass(frozen=True)
class Measured:
    """Two networks on one part; each a score by name (accuracy, balanced_accuracy) with its 95% interval.

    Attributes:
        images: number of images.
        own: of the recipe's own values.
        chosen: of the winner.
        gain: of the winner over the recipe's own, paired by image.
    """

    images: int
    own: dict[str, Score]
    chosen: dict[str, Score]
    gain: dict[str, Score]


def measure(own: Network, chosen: Network, part: Part) -> Measured:
    """Score both networks on a part."""
    hits = [_hits(network, part) for network in (own, chosen)]
    before, after = (hit_scores(part_hits, part.targets) for part_hits in hits)
    return Measured(len(part.targets), before, after, hit_gains(hits[1] - hits[0], part.targets))


def _hits(network: Network, part: Part) -> np.ndarray:
    return (run_network(network, part.images).argmax(axis=1) == part.targets).astype(np.float64)


@dataclass(frozen=True)
class Tuned(Found):
    """A search for hyperparameters.

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

    def about(self) -> dict[str, Any]:
        """Setting, choice, what it gains, and the score of every trial by epoch."""
        return {
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

    def write(self, folder: Path) -> None:
        """Write recipe.yaml, the recipe with the winner's values, as well."""
        super().write(folder)
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
            kind: {name: score.to_json() for name, score in getattr(measured, kind).items()}
            for kind in ("own", "chosen", "gain")
        },
    }


def score_text(value: float, monitor: str) -> str:
    """A score as its kind is written: a share in percent, a loss as it is.

    >>> score_text(0.9, "val_accuracy"), score_text(0.31234, "val_loss")
    ('90.0%', '0.3123')
    """
    return f"{value:.4f}" if monitor == "val_loss" and not math.isnan(value) else percent(value)


def value_text(value: object) -> str:
    """A value of a recipe for a table.

    >>> value_text(0.0012345), value_text(None), value_text("sgd")
    ('0.00123', 'none', 'sgd')
    """
    if value is None:
        return "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class TrialScore:
    """One trial; accuracies are of the images of the search.

    Attributes:
        number: 0 is the recipe's own policy.
        values: the searched strengths; of trial 0 about where its policy lies among them.
        policy: what was trained with.
        clean: on the images as they are.
        pseudo: on their transformed copies, one by one.
        clean_gain: of ``clean`` over trial 0, paired by image.
        gain: of ``pseudo`` over trial 0, likewise.
        feasible: whether ``clean`` is not below trial 0's minus its standard error.
    """

    number: int
    values: dict[str, Choice]
    policy: Policy
    clean: Score
    pseudo: Score
    clean_gain: Score
    gain: Score
    feasible: bool


@dataclass(frozen=True)
class Tuning(Found):
    """A search for strengths of augmentation.

    Attributes:
        recipe: the user's, as it is.
        trials: by number.
        importance: share of each strength in the spread of the scores, sums to 1; empty with few trials.
        check: gain of the chosen trial over trial 0 on copies that the search did not use: ``clean`` and ``pseudo``.
        checked_on: which images those are of, in words.
        images: number of images that gave the scores.
        copies: of each.
        transforms: what made them.
    """

    recipe: Recipe
    trials: tuple[TrialScore, ...]
    importance: dict[str, float]
    check: dict[str, Score]
    checked_on: str
    images: int
    copies: int
    transforms: tuple[str, ...]

    @property
    def baseline(self) -> TrialScore:
        """Trial 0, the recipe's own policy."""
        return self.trials[BASELINE]

    @property
    def best(self) -> Recipe:
        """The recipe with the chosen policy."""
        return self.recipe.model_copy(update={"augment": self.chosen.policy})

    @property
    def chosen(self) -> TrialScore:
        """The feasible trial best on the copies; trial 0 where none is better."""
        feasible = [trial for trial in self.trials if trial.feasible]
        return max(feasible, key=lambda trial: (trial.pseudo.value, -trial.number))

    def table(self) -> pd.DataFrame:
        """A row a trial: number, scores with intervals, feasible, chosen, and the strengths as keys of a recipe."""
        return pd.DataFrame(
            [
                {
                    "trial": trial.number,
                    **{
                        key if part == "value" else f"{key}_{part}": getattr(getattr(trial, key), part)
                        for key in ("clean", "pseudo", "gain")
                        for part in Score._fields
                    },
                    "feasible": trial.feasible,
                    "chosen": trial.number == self.chosen.number,
                    **{f"augment.{name}": value for name, value in trial.values.items()},
                }
                for trial in self.trials
            ]
        )

    def about(self) -> dict[str, Any]:
        """Setting, choice and what it gains."""
        return {
            "chosen": self.chosen.number,
            "images": self.images,
            "copies": self.copies,
            "transforms": list(self.transforms),
            "importance": self.importance,
            "check": {name: score.to_json() for name, score in self.check.items()},
            "checked_on": self.checked_on,
        }

    def write(self, folder: Path) -> None:
        """Write augment.yaml, the chosen policy, and recipe.yaml, the recipe with it, as well."""
        super().write(folder)
        write_recipe(self.best, folder / RECIPE_NAME)
        policy = self.chosen.policy.model_dump(exclude_defaults=True)
        head = (
            f"# Chosen by hemascope tune-augment: trial {self.chosen.number} of {self.tried}.\n"
            "# The key augment of a recipe, or a recipe of its own: hemascope augment SOURCE --policy augment.yaml\n"
        )
        write_text(folder / POLICY_NAME, head + yaml.safe_dump({"augment": policy}, sort_keys=False))
