"""The live progress of a training: one bar over all epochs, with the time left."""

from typing import Any

import lightning as L
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class TrainingProgress(L.Callback):
    """A bar on a terminal; elsewhere (a log file) one line an epoch, printed by `epoch`."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
            disable=not console.is_terminal,
        )
        self.epochs = 0

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Show the bar."""
        self.epochs = trainer.max_epochs or 0
        self.progress.start()

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Name the epoch; a resumed training begins where the former one ended."""
        description = f"epoch {trainer.current_epoch + 1}/{self.epochs}"
        if not self.progress.task_ids:
            total = int(trainer.num_training_batches) * self.epochs
            self.progress.add_task(description, total=total, completed=trainer.global_step)
        self.progress.update(self.progress.task_ids[0], description=description)

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any) -> None:
        """Move the bar."""
        self.progress.update(self.progress.task_ids[0], completed=trainer.global_step)

    def epoch(self, row: dict[str, float]) -> None:
        """Print one line for a finished epoch."""
        self.console.print(
            f"epoch {row['epoch']:.0f}/{self.epochs}  train loss {row['train_loss']:.3f}  "
            f"val loss {row['val_loss']:.3f}  val accuracy {row['val_accuracy']:.4f}  {row['seconds']:.0f} s",
            highlight=False,
        )

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Remove the bar, also after an error."""
        self.progress.stop()
