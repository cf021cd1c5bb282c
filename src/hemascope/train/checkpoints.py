"""Keeping the best weights, the last whole epoch and the history, so that a killed training goes on."""

import csv
import io
import time
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Checkpoint

from hemascope.files import atomic, write_text
from hemascope.train.recipe import EarlyStopping
from hemascope.train.run import Run

HISTORY_COLUMNS = (
    "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_recall", "learning_rate", "seconds",
)  # fmt: skip


class RunKeeper(Checkpoint):
    """After every epoch: a history row, the weights when they are to be kept, and a checkpoint to resume from.

    Args:
        run: where to write.
        stopping: which epoch to keep the weights of.
        on_epoch: called with the new history row.
    """

    def __init__(self, run: Run, stopping: EarlyStopping, on_epoch: Callable[[dict[str, float]], None]) -> None:
        self.run, self.stopping, self.on_epoch = run, stopping, on_epoch
        self.history: list[dict[str, float]] = []
        self._rate = 0.0
        self._began = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """The history goes with the checkpoint, so that the two never disagree."""
        return {"history": self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the history of the checkpoint."""
        self.history = list(state_dict["history"])

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note the time and the learning rate that the epoch begins with."""
        self._began = time.monotonic()
        self._rate = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write history, best weights and checkpoint, in that order."""
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {
            **logged, "epoch": trainer.current_epoch + 1, "learning_rate": self._rate,
            "seconds": time.monotonic() - self._began,
        }  # fmt: skip
        before = [past[self.stopping.monitor] for past in self.history]
        self.history.append({name: row[name] for name in HISTORY_COLUMNS})
        sign = -1 if self.stopping.mode == "min" else 1
        better = all(sign * row[self.stopping.monitor] > sign * value for value in before)
        self._write(trainer, kept=better or self.stopping.keep == "last")
        self.on_epoch(row)

    def _write(self, trainer: L.Trainer, *, kept: bool) -> None:
        # The checkpoint comes last: if the process dies before it, the epoch is repeated and writes the same again.
        with atomic(self.run.last_checkpoint) as temporary:
            trainer.save_checkpoint(temporary)
            if kept:
                saved = torch.load(temporary, map_location="cpu", weights_only=False)
                with atomic(self.run.best_weights) as best:
                    torch.save(network_weights(saved["state_dict"]), best)
            text = io.StringIO()
            writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.6g}" for k, v in past.items()} for past in self.history)
            write_text(self.run.history_file, text.getvalue())


def network_weights(state: dict[str, Any]) -> dict[str, Any]:
    """The network's part of the state of a `CellTraining`."""
    return {name.removeprefix("network."): value for name, value in state.items() if name.startswith("network.")}
