"""Trainings of a second or two, without the model file and the score of unknown objects."""

from typing import Any

import pytest

from hemascope.data.manifest import Manifest
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise, write_metrics
from hemascope.models.network import Network
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run


def tiny(*overrides: str) -> Recipe:
    """A recipe of the smallest network there is."""
    small = [
        "network=test_efficientnet", "pretrained=false", "input_size=32", "batch_size=16", "epochs=2", "ema=null",
        "schedule.name=constant",
    ]  # fmt: skip
    return load_recipe("demo", [*small, *overrides])


def finish_quickly(
    run: Run, recipe: Recipe, manifest: Manifest, network: Network, predictions: Predictions, *rest: object
) -> Run:
    """Stands for `hemascope.pipeline.finish.finish`, which takes longer than such a training."""
    predictions.write(run.predictions_file)
    write_metrics(run.metrics_file, summarise(predictions, resamples=20))
    run.model_file.touch()
    return run


@pytest.fixture
def quick_finish(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Jobs end without model file and report."""
    monkeypatch.setattr("hemascope.pipeline.train.finish", finish_quickly)
    monkeypatch.setattr("hemascope.pipeline.folds.finish", finish_quickly)
