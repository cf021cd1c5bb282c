"""Training in two phases: the head alone, then what the recipe lets learn."""

from typing import cast

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping

from hemascope.models.freezing import freeze
from hemascope.train.module import CellTraining
from hemascope.train.recipe import Transfer


class Phases(L.Callback):
    """Freezes what each epoch leaves alone and sets the rate of the first phase.

    The one optimiser holds the weights of both phases: weights without gradients stay as they are. Checkpoints have
    therefore the same form in either phase, and what an epoch does follows from its number alone.

    Args:
        transfer: the recipe's.
        rate: the recipe's learning rate, of the first phase too where it names no other.
    """

    def __init__(self, transfer: Transfer, rate: float) -> None:
        self.transfer = transfer
        self.rate = transfer.head_learning_rate or rate

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin an epoch of one phase or the other."""
        module = cast(CellTraining, pl_module)
        first = self.transfer.head_epochs
        module.head_alone = trainer.current_epoch < first
        freeze(module.network, "head" if module.head_alone else self.transfer.trainable)
        (optimizer,), (schedule,) = trainer.optimizers, trainer.lr_scheduler_configs
        if module.head_alone:
            rates = [self.rate] * len(optimizer.param_groups)
        elif first and trainer.current_epoch == first:
            rates = [float(rate) for rate in schedule.scheduler.get_last_lr()]  # as it was made
        else:
            return
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


class EarlyStoppingOfTheRest(EarlyStopping):
    """Early stopping whose patience begins with the second phase: the first one alone ends no training.

    Args:
        monitor, mode, patience: as of Lightning's.
        transfer: the recipe's.
    """

    def __init__(self, monitor: str, mode: str, patience: int, transfer: Transfer) -> None:
        super().__init__(monitor, mode=mode, patience=patience)
        self.transfer = transfer

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count an epoch of the second phase, where that is done after validation."""
        if trainer.current_epoch >= self.transfer.head_epochs:
            super().on_validation_end(trainer, pl_module)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count an epoch of the second phase, where that is done after training."""
        if trainer.current_epoch >= self.transfer.head_epochs:
            super().on_train_epoch_end(trainer, pl_module)
