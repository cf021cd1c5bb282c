"""How far a training is: what Lightning's loop reports to a `hemascope.progress.Progress`."""

from typing import Any

import lightning as L

from hemascope.progress import Progress


class TrainingProgress(L.Callback):
    """One step over all epochs, and a line for each that is finished.

    A resumed training begins where the former one ended: what that one did counts as done, and not as speed.

    Args:
        progress: what it reports to.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.epochs = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin the step."""
        self.epochs = trainer.max_epochs or 0
        self.progress.step("training", int(trainer.num_training_batches) * self.epochs)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Name the epoch."""
        self._tell(trainer)

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any) -> None:
        """Count a batch."""
        self._tell(trainer)

    def epoch(self, row: dict[str, float]) -> None:
        """Say a line about a finished epoch, by its row of the history."""
        self.progress.say(
            f"epoch {row['epoch']:.0f}/{self.epochs}  train loss {row['train_loss']:.3f}  "
            f"val loss {row['val_loss']:.3f}  val accuracy {row['val_accuracy']:.4f}  {row['seconds']:.0f} s"
        )

    def _tell(self, trainer: L.Trainer) -> None:
        self.progress.done(trainer.global_step, note=f"epoch {trainer.current_epoch + 1}/{self.epochs}")
