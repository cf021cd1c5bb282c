from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from hemascope.train.checkpoints import RunKeeper
from hemascope.train.recipe import EarlyStopping

ACCURACY, LOSS = (0.7, 0.9, 0.8), (0.6, 0.4, 0.2)


class Trainer:
    """As much of Lightning's as the keeper asks of it; its one weight is the number of the epoch."""

    def __init__(self) -> None:
        self.current_epoch = 0
        self.callback_metrics: dict[str, float] = {}

    def save_checkpoint(self, path: Path) -> None:
        torch.save({"state_dict": {"network.weight": torch.tensor(self.current_epoch)}}, path)


@pytest.mark.parametrize(
    ("stopping", "kept"),
    [
        (EarlyStopping(), 1),
        (EarlyStopping(monitor="val_loss"), 2),
        (EarlyStopping(keep="last"), 2),
    ],
)
def test_keeps_the_weights_of_the_epoch_that_was_asked_for(tmp_path: Path, stopping: EarlyStopping, kept: int) -> None:
    run: Any = SimpleNamespace(
        folder=tmp_path,
        last_checkpoint=tmp_path / "last.ckpt",
        best_weights=tmp_path / "best.pt",
        history_file=tmp_path / "history.csv",
    )
    keeper, trainer = RunKeeper(run, stopping, lambda row: None), Trainer()
    for epoch, (accuracy, loss) in enumerate(zip(ACCURACY, LOSS, strict=True)):
        trainer.current_epoch = epoch
        trainer.callback_metrics = {
            "train_loss": 1, "train_accuracy": 0, "val_loss": loss, "val_accuracy": accuracy, "val_recall": 0,
        }  # fmt: skip
        keeper.on_train_epoch_end(trainer, SimpleNamespace())  # type: ignore[arg-type]
    assert torch.load(run.best_weights)["weight"] == kept
    assert torch.load(run.last_checkpoint)["state_dict"]["network.weight"] == 2
    assert run.history_file.read_text().count("\n") == 4
