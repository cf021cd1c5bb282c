import csv
import json
from pathlib import Path

import numpy as np
import pytest

from hemascope.augment.policy import Policy
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.tune.augmentation import Hits, lowest_clean, scored_trials
from hemascope.evaluate.tune.result import Tuning
from hemascope.evaluate.tune.space import PolicySpace
from hemascope.evaluate.tune.trial import Trial
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe

NAMES = PolicySpace().names
N = 200


def hits(clean: float, copies: float) -> Hits:
    right = np.arange(N) < clean * N
    return Hits(right.astype(float), np.full(N, copies))


def tuning(*scores: tuple[float, float]) -> Tuning:
    trials = [hits(*pair) for pair in scores]
    described = [Trial(i, i == 0, dict.fromkeys(NAMES, 0.1 * i), Path(f"{i:04d}")) for i in range(len(trials))]
    policies = [Policy(rotation=180, stain=0.02 * i) for i in range(len(trials))]
    targets = np.arange(N) % 4
    check = {"clean": Score(0.0, -0.01, 0.01), "pseudo": Score(0.05, 0.02, 0.08)}
    scored = scored_trials(trials, targets, described, policies)
    return Tuning(Recipe(augment=policies[0]), scored, {}, check, "test", N, 6, ("wide", "shift"))


def test_the_best_on_copies_wins_unless_it_loses_on_clean_images():
    found = tuning((0.95, 0.7), (0.80, 0.9), (0.95, 0.8), (0.94, 0.75))
    assert [trial.feasible for trial in found.trials] == [True, False, True, True]
    assert found.chosen.number == 2
    assert found.chosen.gain.value == pytest.approx(0.1)
    assert found.chosen.clean_gain.value == 0


def test_the_baseline_stays_where_nothing_is_better():
    assert tuning((0.95, 0.7), (0.95, 0.7), (0.5, 0.99)).chosen.number == 0


def test_a_standard_error_is_granted():
    clean = np.arange(400) < 360
    assert lowest_clean(clean.astype(float)) == pytest.approx(0.9 - 0.015, abs=0.0005)


def test_what_is_written(tmp_path):
    found = tuning((0.95, 0.7), (0.95, 0.8))
    found.write(tmp_path)
    rows = (tmp_path / "trials.csv").read_text().splitlines()
    assert len(rows) == 3
    assert rows[0].startswith("trial,clean,clean_low,clean_high,pseudo,")
    with (tmp_path / "trials.csv").open(newline="") as file:
        header, *trials = csv.reader(file)
    assert len(set(header)) == len(header)
    assert [float(row[header.index("clean")]) for row in trials] == [trial.clean.value for trial in found.trials]
    about = json.loads((tmp_path / "tuning.json").read_text())
    assert (about["chosen"], about["format_version"]) == (1, 1)
    assert load_recipe(tmp_path / "augment.yaml").augment == found.chosen.policy
    assert load_recipe(tmp_path / "recipe.yaml").augment == found.chosen.policy
