"""One trial: a short training, judged epoch by epoch."""

import csv
from collections.abc import Callable
from pathlib import Path

from hemascope.models.network import Network
from hemascope.train.fit import Part, fit
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

Row = dict[str, float]


def train_trial(
    folder: Path,
    recipe: Recipe,
    classes: int,
    train: Part,
    val: Part,
    on_epoch: Callable[[Row], None] | None = None,
) -> Network:
    """Train in a folder, or go on with what is there; what ``on_epoch`` raises ends the training where it is.

    Args:
        folder: of the trial.
        recipe: with a number as its batch size.
        classes: number of classes.
        train: what to learn from.
        val: what every epoch is scored on.
        on_epoch: called with the row of the history of every epoch, those of an earlier call included.

    Returns:
        The finished network, on the CPU.
    """
    run = Run(folder)
    for row in _past(run):
        if on_epoch:
            on_epoch(row)
    fitted = recipe.model_copy(update={"batch_size": min(int(recipe.batch_size), len(train.targets))})
    network = fit(run, fitted, classes, train, val, on_epoch=on_epoch)
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
