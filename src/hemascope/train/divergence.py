"""Noticing a training that diverges: a loss that is no number ends it, one that explodes is told."""

import math
from typing import Any

import lightning as L
import torch

from hemascope.errors import RunError
from hemascope.progress import Progress

REMEDY = "Lower optimizer.learning_rate, such as by --set optimizer.learning_rate=0.001, and train into a new folder."
EXPLODED = 10.0
"""So many times as large as that of guessing is a loss that is told of."""


class DivergedError(RunError):
    """A training whose loss is no number any more."""


class Divergence(L.Callback):
    """Ends a training at the first loss that is no number, before its weights or scores are kept.

    Args:
        progress: what hears of a loss that explodes, once.
        classes: number of classes; guessing has the loss log(classes).
    """

    def __init__(self, progress: Progress, classes: int) -> None:
        self.progress = progress
        self.limit = EXPLODED * math.log(max(classes, 2))
        self._told = False

    def on_before_backward(self, trainer: L.Trainer, pl_module: L.LightningModule, loss: torch.Tensor) -> None:
        """Look at a batch's loss before it moves the weights.

        Raises:
            DivergedError: it is no number.
        """
        self._look(float(loss.detach()), trainer.current_epoch + 1, "loss")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look at the loss on val, which is that of the averaged weights where there are some.

        Raises:
            DivergedError: it is no number.
        """
        value: Any = trainer.callback_metrics.get("val_loss")
        if value is not None:
            self._look(float(value), trainer.current_epoch + 1, "val loss")

    def _look(self, loss: float, epoch: int, name: str) -> None:
        if not math.isfinite(loss):
            raise DivergedError(f"the training diverges: its {name} is no number any more in epoch {epoch}", REMEDY)
        if loss > self.limit and not self._told:
            self._told = True
            self.progress.say(
                f"Warning: the {name} is {loss:.3g} in epoch {epoch}, that of guessing would be"
                f" {self.limit / EXPLODED:.2f}: the training explodes, its network may be worthless. {REMEDY}"
            )
