import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.tune.result import Measured, Tuned, measure
from hemascope.evaluate.tune.trial import TrialResult
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe

RATE = "optimizer.learning_rate"


def tuned(*scores: float, pruned: tuple[int, ...] = (), **changed) -> Tuned:
    """A search whose trial 0 is the recipe's own; trial i has the rate 0.001 * (i + 1)."""
    recipe = Recipe(name="cells", search={RATE: {"low": 1e-4, "high": 1e-1, "log": True}, "head.dense": [None, 64]})
    trials = tuple(
        TrialResult(
            i,
            i == 0,
            {RATE: 0.001 * (i + 1), "head.dense": 64 if i % 2 else None},
            Path(f"{i:04d}"),
            i in pruned,
            (score - 0.1,) if i in pruned else (score - 0.1, score),
            12.34,
        )
        for i, score in enumerate(scores)
    )
    gain = {"accuracy": Score(0.02, 0.01, 0.03), "balanced_accuracy": Score(0.01, -0.01, 0.03)}
    level = {name: Score(0.9, 0.88, 0.92) for name in gain}
    measured = {part: Measured(600, level, level, gain) for part in ("val", "test")}
    images = {"train": 2000, "val": 600, "test": 600}
    found = Tuned(
        recipe, recipe, "val_accuracy", False, 2, 64, images, trials, {RATE: 0.7, "head.dense": 0.3}, measured
    )
    best = recipe.model_copy(update={"search": {}, "optimizer": recipe.optimizer})
    return Tuned(**{**vars(found), "best": best, **({"measured": {}} if found.chosen.own else {}), **changed})


def test_the_best_unpruned_trial_wins_and_the_recipes_own_a_draw():
    assert tuned(0.8, 0.9, 0.95, 0.99, pruned=(3,)).chosen.number == 2
    assert tuned(0.9, 0.9, 0.9).chosen.number == 0
    assert tuned(0.8, 0.9, 0.9).chosen.number == 1
    assert tuned(0.8, 0.5, 0.9, monitor="val_loss", lower_is_better=True).chosen.number == 1


def test_what_is_written_can_be_trained_with_and_says_where_it_comes_from(tmp_path):
    tuned(0.8, 0.9, 0.7, pruned=(2,)).write(tmp_path)
    recipe = tmp_path / "recipe.yaml"
    assert load_recipe(recipe).name == "cells"
    head = [line for line in recipe.read_text().splitlines() if line.startswith("#")]
    assert "hemascope tune chose: trial 1, the best of 2 beside the recipe's own" in head[0]
    assert "Gain in accuracy on 600 other images: +2.00 percentage points [+1.00 to +3.00]." in head[3]
    assert head[-2:] == ["#   optimizer.learning_rate: 0.002, before 0.001", "#   head.dense: 64, before None"]
    table = pd.read_csv(tmp_path / "trials.csv")
    assert table["state"].tolist() == ["complete", "complete", "pruned"]
    assert table["epochs"].tolist() == [2, 2, 1]
    assert table[RATE].tolist() == [0.001, 0.002, 0.003]
    summary = json.loads((tmp_path / "tuning.json").read_text())
    assert summary["measured"]["test"]["gain"]["accuracy"]["low"] == 0.01
    assert summary["values"] == {RATE: 0.002, "head.dense": 64}


class Says(torch.nn.Module):
    """Says class 0 for every image but the first ``ones``."""

    def __init__(self, ones):
        super().__init__()
        self.ones = torch.nn.Parameter(torch.tensor(float(ones)))

    def forward(self, images):
        first = torch.arange(len(images)) < self.ones
        return torch.stack([~first, first], 1).float()


def test_the_gain_is_paired_by_image():
    part = Part(np.zeros((40, 4, 4, 3), np.uint8), np.repeat([1, 0], 20))
    found = measure(Says(12), Says(18), part)
    assert found.images == 40
    assert found.own["accuracy"].value == pytest.approx(0.8)
    assert found.chosen["accuracy"].value == pytest.approx(0.95)
    assert found.gain["accuracy"].value == pytest.approx(0.15)
    # No image is lost by the second, so the paired gain is certain, which two separate intervals would not show.
    assert found.gain["accuracy"].low > 0
    assert found.own["accuracy"].high > found.chosen["accuracy"].low
