"""A training whose loss is no number ends at once; one that explodes is told of."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.data.manifest import Manifest
from hemascope.train.divergence import DivergedError
from hemascope.train.fit import Part, fit
from hemascope.train.recipe import Optimizer, Recipe
from hemascope.train.run import Run
from tests.told import Told

PART = Part(np.random.default_rng(0).integers(0, 255, (24, 32, 32, 3)).astype(np.uint8), np.arange(24) % 3)


def trained(folder: Path, rate: float) -> tuple[Run, Told]:
    recipe = Recipe(
        network="VanillaCNN", pretrained=False, input_size=32, epochs=2, batch_size=8,
        optimizer=Optimizer(learning_rate=rate),
    )  # fmt: skip
    run, told = Run.create(folder, recipe, Manifest.build([], [], ["a", "b", "c"]), {}), Told()
    fit(run, recipe, 3, PART, PART, progress=told)
    return run, told


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="no number any more in epoch 1") as told:
        trained(tmp_path / "run", 1e30)
    assert "optimizer.learning_rate" in told.value.remedy
    run = Run(tmp_path / "run")
    assert not any(path.exists() for path in (run.final_weights, run.best_weights, run.history_file))


def test_a_loss_that_explodes_is_told_of_once(tmp_path: Path) -> None:
    run, told = trained(tmp_path / "run", 100.0)
    assert run.final_weights.exists()
    (warning,) = [line for line in told.said if "explodes" in line]
    assert "of guessing would be 1.10" in warning
    assert "optimizer.learning_rate" in warning


def test_a_sound_training_is_left_in_peace(tmp_path: Path) -> None:
    assert not [line for line in trained(tmp_path / "run", 1e-4)[1].said if "explodes" in line]
