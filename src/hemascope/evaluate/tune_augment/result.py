"""What the search found: every trial with its scores, the chosen one, and why."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hemascope.augment.policy import Policy
from hemascope.evaluate.bootstrap import Score, hit_scores
from hemascope.evaluate.tune_augment.space import NAMES
from hemascope.evaluate.tune_augment.trial import Hits
from hemascope.files import write_text

FORMAT_VERSION = 1
TABLE_NAME, SUMMARY_NAME, POLICY_NAME = "trials.csv", "tuning.json", "augment.yaml"
BASELINE = 0


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
    values: dict[str, float]
    policy: Policy
    clean: Score
    pseudo: Score
    clean_gain: Score
    gain: Score
    feasible: bool


@dataclass(frozen=True)
class Tuning:
    """A search.

    Attributes:
        trials: by number.
        importance: share of each strength in the spread of the scores, sums to 1; empty with few trials.
        check: gain of the chosen trial over trial 0 on copies that the search did not use: ``clean`` and ``pseudo``.
        checked_on: which images those are of, in words.
        images: number of images that gave the scores.
        copies: of each.
        transforms: what made them.
    """

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
    def chosen(self) -> TrialScore:
        """The feasible trial best on the copies; trial 0 where none is better."""
        feasible = [trial for trial in self.trials if trial.feasible]
        return max(feasible, key=lambda trial: (trial.pseudo.value, -trial.number))

    def table(self) -> pd.DataFrame:
        """A row a trial: number, scores with intervals, feasible, chosen, and the strengths."""
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
                    **{name: trial.values[name] for name in NAMES},
                }
                for trial in self.trials
            ]
        )

    def write(self, folder: Path) -> None:
        """Write trials.csv, tuning.json and augment.yaml, each whole or not at all."""
        write_text(folder / TABLE_NAME, self.table().to_csv(index=False))
        about: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "chosen": self.chosen.number,
            "images": self.images,
            "copies": self.copies,
            "transforms": list(self.transforms),
            "importance": self.importance,
            "check": {name: score._asdict() for name, score in self.check.items()},
            "checked_on": self.checked_on,
        }
        write_text(folder / SUMMARY_NAME, json.dumps(about, indent=1, allow_nan=False) + "\n")
        policy = self.chosen.policy.model_dump(exclude_defaults=True)
        head = (
            f"# Chosen by hemascope tune-augment: trial {self.chosen.number} of {len(self.trials) - 1}.\n"
            "# The key augment of a recipe, or a recipe of its own: hemascope augment SOURCE --policy augment.yaml\n"
        )
        write_text(folder / POLICY_NAME, head + yaml.safe_dump({"augment": policy}, sort_keys=False))


def scored_trials(
    hits: Sequence[Hits], targets: np.ndarray, values: Sequence[dict[str, float]], policies: Sequence[Policy]
) -> tuple[TrialScore, ...]:
    """Turn the hits of all trials, the first of them trial 0, into scores; see `TrialScore`."""
    allowed = lowest_clean(hits[BASELINE].clean)
    return tuple(
        TrialScore(
            number,
            values[number],
            policies[number],
            hit_scores(own.clean, targets)["accuracy"],
            hit_scores(own.copies, targets)["accuracy"],
            hit_scores(own.clean - hits[BASELINE].clean, targets)["accuracy"],
            hit_scores(own.copies - hits[BASELINE].copies, targets)["accuracy"],
            bool(own.clean.mean() >= allowed),
        )
        for number, own in enumerate(hits)
    )


def lowest_clean(baseline: np.ndarray) -> float:
    """The accuracy on clean images below which a trial is not feasible: trial 0's minus its standard error.

    The error is that of Laplace's estimate, so that a perfect baseline has one too.

    >>> round(lowest_clean(np.ones(98)), 4)
    0.9899
    """
    n = len(baseline)
    share = (baseline.sum() + 1) / (n + 2)
    return float(baseline.mean() - math.sqrt(share * (1 - share) / n))
