import math
import multiprocessing
import os
import signal
import sqlite3
import traceback
from dataclasses import replace

import numpy as np
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from hemascope.errors import RecipeError, RunError, WriteError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.tune import hyperparameters as module
from hemascope.evaluate.tune import storage
from hemascope.evaluate.tune.hyperparameters import Hyperparameters
from hemascope.evaluate.tune.result import Measured
from hemascope.evaluate.tune.search import search
from hemascope.evaluate.tune.trial import Data
from hemascope.progress import SILENT
from hemascope.train.fit import Part
from hemascope.train.recipe import EarlyStopping, Recipe
from hemascope.train.search import Range
from tests.told import Told

RECIPE = Recipe(
    optimizer={"learning_rate": 1e-4},
    search={
        "optimizer.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
        "head.dropout": {"low": 0, "high": 0.5},
    },
)
PART = Part(np.zeros((8, 16, 16, 3), np.uint8), np.arange(8) % 2)
DATA = Data(("a", "b"), {"train": PART, "val": PART, "test": PART})
GAIN = {"accuracy": Score(0.02, 0.01, 0.03), "balanced_accuracy": Score(0.02, 0.01, 0.03)}


class Training:
    """Stands for a training: a rate of 1e-2 is the best, and the folder remembers the epochs that are done."""

    def __init__(self):
        self.stop_at = None
        self.action = None
        self.begun = []

    def __call__(self, folder, recipe, data, on_epoch=None):
        if on_epoch is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self.begun.append((folder.name, len(list(folder.iterdir()))))
        for epoch in range(1, recipe.epochs + 1):
            (folder / str(epoch)).touch()
            score = 0.9 - 0.1 * abs(np.log10(recipe.optimizer.learning_rate) + 2) - 0.2 / epoch
            on_epoch({"epoch": epoch, "val_accuracy": float(score)})
            if (folder.name, epoch) == self.stop_at:
                self.stop_at = None
                self.action()
        return


@pytest.fixture
def training(monkeypatch):
    fake = Training()
    monkeypatch.setattr(module, "train_trial", fake)
    monkeypatch.setattr(module, "new_network", lambda *_, **__: None)
    monkeypatch.setattr(module, "measure", lambda *_: Measured(8, GAIN, GAIN, GAIN))
    return fake


def searched(**changed):
    return Hyperparameters(RECIPE, **{"epochs": 4, "size": 16, **changed})


def run(folder, trials=10, told=SILENT, minutes=None, **changed):
    return search(folder, searched(**changed), DATA, trials=trials, minutes=minutes, progress=told)


def test_it_finds_the_best_rate_and_ends_poor_trials_early(tmp_path, training):
    told = Told()
    found = run(tmp_path / "search", told=told)
    assert told.said == [searched().line(trial) for trial in found.trials]
    assert told.steps == [*((f"trial {number}", None) for number in range(11)), ("measuring the winner", None)]
    assert found.own.number == 0
    assert found.own.values == {"optimizer.learning_rate": 1e-4, "head.dropout": 0.0}
    assert found.tried == 10
    finished = [trial for trial in found.trials if not trial.pruned]
    assert 5 <= len(finished) < 11
    assert all(1 < len(trial.curve) < 4 for trial in found.trials if trial.pruned)
    assert found.chosen.value == max(trial.value for trial in finished) > found.own.value
    assert found.best.optimizer.learning_rate == found.chosen.values["optimizer.learning_rate"]
    assert (found.best.epochs, found.best.input_size, found.best.search) == (RECIPE.epochs, RECIPE.input_size, {})
    assert set(found.measured) == {"val", "test"}
    assert set(found.importance) == set(RECIPE.search)
    again = run(tmp_path / "again", trials=2)
    assert [trial.values for trial in again.trials] == [trial.values for trial in found.trials[:3]]


def test_ctrl_c_is_gone_on_with_in_the_same_folder(tmp_path, training):
    def stop():
        raise KeyboardInterrupt

    training.stop_at, training.action = ("0002", 2), stop
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "search", trials=3)
    found = run(tmp_path / "search", trials=3)
    assert training.begun[-2:] == [("0002", 2), ("0004", 0)]
    assert [trial.number for trial in found.trials] == [0, 1, 3, 4]
    assert [trial.values for trial in found.trials] == [trial.values for trial in run(tmp_path / "whole", 3).trials]
    longer = run(tmp_path / "search", trials=4)
    assert longer.trials[:4] == found.trials
    with pytest.raises(RunError, match=r"other settings \(epochs\)"):
        run(tmp_path / "search", trials=3, epochs=5)


def test_a_database_that_cannot_be_written_is_said_and_gone_on_with(tmp_path, training):
    def fail():
        full = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
        raise StorageInternalError("An exception is raised during the commit.") from full

    training.stop_at, training.action = ("0000", 2), fail
    with pytest.raises(WriteError, match=r"search: the database .* \(database or disk is full\)\. Make room") as told:
        run(tmp_path / "search", trials=1)
    assert told.value.remedy.endswith("repeat the command to go on.")
    assert run(tmp_path / "search", trials=1).tried == 1


def test_the_recipes_own_trial_is_tried_again_where_an_error_ended_it(tmp_path, training):
    def fail():
        raise OSError("No space left on device")

    training.stop_at, training.action = ("0000", 2), fail
    with pytest.raises(OSError, match="No space"):
        run(tmp_path / "search", trials=1)
    found = run(tmp_path / "search", trials=1)
    assert ("0000", 2) in training.begun
    assert [trial.own for trial in found.trials].count(True) == 1
    assert found.tried == 1


def test_a_trial_of_a_killed_process_is_taken_up(tmp_path, training, monkeypatch):
    monkeypatch.setattr(storage, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(storage, "GRACE_SECONDS", 1)
    training.stop_at, training.action = ("0001", 2), lambda: os.kill(os.getpid(), signal.SIGKILL)
    killed = forked(tmp_path / "search", 1)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    training.stop_at = None
    told = Told()
    found = run(tmp_path / "search", 1, told)
    assert told.steps[0] == ("waiting for 1 trial of other processes", None)
    assert ("0001", 2) in training.begun
    assert found.tried == 1


def test_processes_share_a_search(tmp_path, training):
    both = [forked(tmp_path / "search", 8) for _ in range(2)]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    found = run(tmp_path / "search", trials=8)
    assert 8 <= found.tried <= 9  # two may begin a last one at the same moment
    assert training.begun == []
    assert sum(trial.own for trial in found.trials) == 1
    rates = [trial.values["optimizer.learning_rate"] for trial in found.trials]
    assert len(set(rates)) == len(rates)


def forked(folder, trials):
    """The search in a process of its own, with the same stand-ins."""

    def work():
        try:
            run(folder, trials)
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    return process


pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def test_what_cannot_work_is_refused_before_anything_is_written(tmp_path, training):
    with pytest.raises(RunError, match="no pruner is called 'mean'"):
        run(tmp_path / "search", pruner="mean")
    with pytest.raises(RecipeError, match=r"head\.dropout=2"):
        Hyperparameters(Recipe(search={"head.dropout": [0, 2]}), epochs=1, size=16)
    with pytest.raises(RunError, match="not a known kind"):
        run(tmp_path / "search", storage="mysql://host/cells")
    assert not (tmp_path / "search").exists()


def test_a_database_that_holds_another_search_is_refused(tmp_path, training):
    address = f"sqlite:///{tmp_path / 'shared.db'}"
    run(tmp_path / "one", trials=1, storage=address)
    with pytest.raises(RunError, match=r"search 'search' holds .*\(epochs\)"):
        run(tmp_path / "two", trials=1, storage=address, epochs=3)
    assert run(tmp_path / "three", trials=1, storage=address, epochs=3, name="short").epochs == 3


def test_a_trial_that_diverges_is_ended(tmp_path, training, monkeypatch):
    def diverge(folder, recipe, data, on_epoch=None):
        rate = recipe.optimizer.learning_rate
        if on_epoch:
            on_epoch({"epoch": 1, "val_loss": 1.0 if rate == 1e-4 else float("nan")})

    monkeypatch.setattr(module, "train_trial", diverge)
    recipe = RECIPE.model_copy(update={"early_stopping": EarlyStopping(monitor="val_loss")})
    found = search(tmp_path / "search", Hyperparameters(recipe, epochs=1, size=16), DATA, trials=2)
    assert [trial.pruned for trial in found.trials] == [False, True, True]
    assert math.isnan(found.trials[1].value)
    assert found.chosen.own


def test_no_time_at_all_says_how_to_go_on(tmp_path, training):
    with pytest.raises(RunError, match="Repeat the command"):
        run(tmp_path / "search", 1, minutes=0)


def test_a_trials_line_shows_all_its_values_on_80_columns(tmp_path, training):
    keys = ("optimizer.learning_rate", "optimizer.weight_decay", "head.dropout", "label_smoothing")
    recipe = RECIPE.model_copy(update={"search": {**dict.fromkeys(keys, Range(low=0.01, high=0.09))}})
    hyperparameters = Hyperparameters(recipe, epochs=1, size=16)
    found = search(tmp_path / "search", hyperparameters, DATA, trials=1)
    own, other = (hyperparameters.line(replace(trial, seconds=12.3)) for trial in found.trials)
    assert own == "trial   0   50.0%  12 s         the recipe's own values"
    assert len(other.splitlines()) == 2
    assert max(map(len, other.splitlines())) <= 80
    for key, value in found.trials[1].values.items():
        assert f"{key.rpartition('.')[2]}={value:.3g}" in other
