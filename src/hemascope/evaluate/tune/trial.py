"""One trial: what it tries, and its short training in a folder of its own."""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hemascope.errors import RecipeError
from hemascope.models.network import Network
from hemascope.train.fit import Part, fit
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import explain
from hemascope.train.run import Run
from hemascope.train.search import Choice

Row = dict[str, float]

_BATCH = 64


@dataclass(frozen=True)
class Data:
    """What every trial is trained on and scored by.

    Attributes:
        classes: their names.
        parts: ``train``, ``val`` and, to measure the winner on, ``test``; their images framed to the trials' size.
    """

    classes: tuple[str, ...]
    parts: dict[str, Part]


@dataclass(frozen=True)
class Trial:
    """What a trial tries.

    Attributes:
        number: of the trial; 0 is the recipe as it is. In a search that several processes share, those of trials that
            were cut short and begun again are missing.
        own: whether it is the recipe as it is.
        values: by the names that are searched.
        folder: of its training.
    """

    number: int
    own: bool
    values: dict[str, Choice]
    folder: Path


@dataclass(frozen=True)
class TrialResult(Trial):
    """A trial that is over.

    Attributes:
        pruned: whether it was ended early, because it did worse than others at the same epoch.
        curve: the score by epoch, from epoch 1; empty where it is scored by other means, or diverged at once.
        seconds: it took.
    """

    pruned: bool
    curve: tuple[float, ...]
    seconds: float

    @property
    def value(self) -> float:
        """The score of the last epoch; of a pruned trial where it was ended; NaN without any."""
        return self.curve[-1] if self.curve else math.nan


def short_recipe(recipe: Recipe, *, epochs: int, size: int, **changes: Any) -> Recipe:
    """The recipe of a short training, of one network; its last epoch is kept, because val gives the score.

    Args:
        recipe: what is searched around.
        epochs: of the training.
        size: side of its images; progressive resizing goes where it is not the recipe's own.
        changes: further keys.

    Raises:
        RecipeError: the recipe takes no training so short or images so small.
    """
    values = recipe.model_dump()
    values |= {
        "epochs": epochs,
        "input_size": size,
        "progressive": values["progressive"] if size == recipe.input_size else {},
        "limit": None,
        "tta": False,
        "early_stopping": {**values["early_stopping"], "keep": "last", "patience": None},
        "batch_size": _BATCH if recipe.batch_size == "auto" else recipe.batch_size,
        "folds": None,
        "boosting": None,
        **changes,
    }
    try:
        return Recipe.model_validate(values)
    except ValidationError as problem:
        reason = "; ".join(explain(error) for error in problem.errors())
        raise RecipeError(
            f"{recipe.name} cannot be shortened to {epochs} epochs at {size} px ({reason})",
            "Raise --epochs or --size, or change the recipe with --set.",
        ) from problem


def train_trial(folder: Path, recipe: Recipe, data: Data, on_epoch: Callable[[Row], None] | None = None) -> Network:
    """Train in a folder, or go on with what is there; what ``on_epoch`` raises ends the training where it is.

    Args:
        folder: of the trial.
        recipe: with a number as its batch size.
        data: to learn from train; val scores every epoch.
        on_epoch: called with the row of the history of every epoch, those of an earlier call included.

    Returns:
        The finished network, on the CPU.
    """
    run = Run(folder)
    for row in _past(run):
        if on_epoch:
            on_epoch(row)
    train, val = data.parts["train"], data.parts["val"]
    fitted = recipe.model_copy(update={"batch_size": min(int(recipe.batch_size), len(train.targets))})
    network = fit(run, fitted, len(data.classes), train, val, on_epoch=on_epoch)
    forget(folder, finished=False)
    return network


def forget(folder: Path, *, finished: bool = True) -> None:
    """Delete a trial's checkpoints, which are several times as large as its network; ``finished``: that as well."""
    run = Run(folder)
    for file in (run.last_checkpoint, run.best_weights, *([run.final_weights] if finished else [])):
        file.unlink(missing_ok=True)


def _past(run: Run) -> list[Row]:
    if not (run.last_checkpoint.exists() or run.final_weights.exists()):
        return []
    with run.history_file.open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
