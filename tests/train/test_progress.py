"""What a training tells while it runs, from its beginning and gone on with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hemascope.train.checkpoints import RunKeeper
from hemascope.train.fit import Part, fit
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from tests.told import Told

RECIPE = Recipe(network="test_efficientnet", pretrained=False, input_size=32, epochs=3, batch_size=16, ema=None)


def part(n: int) -> Part:
    rng = np.random.default_rng(n)
    return Part(rng.integers(0, 255, (n, 32, 32, 3)).astype(np.uint8), np.arange(n) % 3)


def told(run: Run) -> Told:
    progress = Told()
    fit(run, RECIPE, 3, part(32), part(8), progress=progress)
    return progress


def test_one_step_over_all_epochs_and_a_line_for_each(tmp_path: Path) -> None:
    progress = told(Run(tmp_path))
    assert progress.steps == [("training", 6)]
    assert [count for _, count, _ in progress.counts] == [0, 1, 2, 2, 3, 4, 4, 5, 6]
    assert [line.partition("  ")[0] for line in progress.said] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all("val accuracy 0." in line or "val accuracy 1." in line for line in progress.said)


def test_a_resumed_training_begins_where_the_former_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(keeper: RunKeeper, trainer: Any, *_: Any) -> None:
        if trainer.current_epoch == 1:
            raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(RunKeeper, "on_train_batch_start", stop)
        with pytest.raises(MemoryError):
            told(Run(tmp_path))
    progress = told(Run(tmp_path))
    assert progress.steps == [("training", 6)]
    assert [count for _, count, _ in progress.counts] == [2, 3, 4, 4, 5, 6]
    assert [line.partition("  ")[0] for line in progress.said] == ["epoch 2/3", "epoch 3/3"]
    assert told(Run(tmp_path)).steps == []  # finished: nothing is left to train
