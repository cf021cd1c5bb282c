"""What Lightning drives: the training and validation steps of one network."""

from typing import Any

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Optimizer

from hemascope.augment.batch import augment
from hemascope.augment.mixing import mix, mix_colours
from hemascope.models.network import Network
from hemascope.train.batches import to_unit_range
from hemascope.train.checkpoints import RunKeeper
from hemascope.train.optimizers import add_l2, make_optimizer, make_schedule
from hemascope.train.processes import ALONE, Place
from hemascope.train.recipe import Recipe


class CellTraining(L.LightningModule):
    """Cross-entropy of augmented batches; logs train_loss, train_accuracy, val_loss, val_accuracy and val_recall.

    Args:
        network: what learns.
        recipe: how.
        classes: number of classes.
        steps: optimiser steps that the schedule extends over.
        class_weights: float32 (classes,), how much an image of each class counts in the training's loss; None:
            the same. The validation's loss is never weighted, so that trainings can be compared by it.
        place: of this process among those that share every batch. All are given whole batches and draw the same of
            chance; each looks at its share of the images.
    """

    class_weights: Tensor | None
    head_alone = False
    """Whether this epoch trains the head alone; the schedule waits until the others learn too."""

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        *,
        classes: int,
        steps: int,
        class_weights: Tensor | None = None,
        place: Place = ALONE,
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.steps = steps
        self.classes = classes
        self.place = place
        # Not in the checkpoint: it follows from the recipe and the data.
        self.register_buffer("class_weights", class_weights, persistent=False)
        self._unheard: float | None = None
        self._train = _Tally(classes, place)
        self._val = _Tally(classes, place)

    def configure_optimizers(self) -> dict[str, Any]:
        """Optimiser and schedule of the recipe."""
        options = self.recipe.optimizer
        optimizer = make_optimizer(self.network, options, self.recipe.transfer.layer_decay)
        schedule = make_schedule(optimizer, self.recipe.schedule, steps=self.steps)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Move the learning rate, but not in the epochs of the head alone."""
        if not self.head_alone:
            super().lr_scheduler_step(scheduler, metric)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note the last loss of validation: a checkpoint is written before a plateau schedule hears of it."""
        history = checkpoint["callbacks"].get(RunKeeper.__name__, {}).get("history")
        self._unheard = history[-1]["val_loss"] if history else None

    def on_train_start(self) -> None:
        """Let a plateau schedule hear of the epoch that the checkpoint is of, so that none is lost."""
        if self._unheard is not None and self.current_epoch > self.recipe.transfer.head_epochs:
            for config in self.trainer.lr_scheduler_configs:
                if config.reduce_on_plateau:
                    self.lr_scheduler_step(config.scheduler, self._unheard)
        self._unheard = None

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Add the gradient of the L2 penalty."""
        add_l2(self.network, self.recipe.optimizer.l2)

    def on_train_epoch_start(self) -> None:
        """Seed dropout by seed and epoch, so that a resumed epoch repeats itself; otherwise in each process."""
        torch.manual_seed(_step_seed(self.recipe.seed, self.current_epoch, -1) + self.place.rank)
        self._train.reset()

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor], step: int) -> Tensor:
        """Loss of one batch, see `hemascope.train.batches.DrawnImages`.

        Of several processes each gives its own images' part of it, times the number of processes: so the mean over
        them, and that of the gradients, is that of the batch.
        """
        images, targets, extra, hidden = batch
        own = self.place.share(len(images))
        generator = torch.Generator(self.device)
        generator.manual_seed(_step_seed(self.recipe.seed, self.current_epoch, step))
        with torch.autocast(self.device.type, enabled=False):  # coordinates and colours want full precision
            never_clean = extra if self.recipe.balance.name == "augment_rare" else None
            images = self._resized(to_unit_range(images))
            if self.recipe.laboratories.colours:
                images = mix_colours(images, self.recipe.laboratories.colours, generator)
            wanted = own if self.recipe.mix == "none" else None  # any other image may be mixed into one's own
            images = augment(images, self.recipe.augment, generator, never_clean, wanted)
            images, shares = mix(self.recipe.mix, images, targets, self.classes, generator)
        part = (own.stop - own.start) * self.place.size / len(images)
        images, shares, hidden = images[own], shares[own], hidden[own]
        logits = self.network(images.contiguous(memory_format=torch.channels_last)).float()
        if self.recipe.laboratories.absent == "hide":
            # Of mixed images each may show a class that the other's laboratory lacks.
            logits = without_classes(logits, hidden & (shares == 0))
        loss = weighted_cross_entropy(logits, shares, self.class_weights, self.recipe.label_smoothing)
        self._train.add(logits.detach(), shares, loss.detach())
        return loss * part if self.place.size > 1 else loss

    def _resized(self, images: Tensor) -> Tensor:
        size = self.recipe.progressive.size_at(self.current_epoch, self.recipe.epochs)
        return (
            images
            if size is None or size >= images.shape[-1]
            else F.interpolate(images, size, mode="bilinear", antialias=True)
        )

    def on_train_epoch_end(self) -> None:
        """Log the epoch's loss and accuracy on the augmented images."""
        self._train.gather()
        self.log_dict({"train_loss": self._train.loss, "train_accuracy": self._train.accuracy})

    def on_validation_epoch_start(self) -> None:
        """Begin a count."""
        self._val.reset()

    def validation_step(self, batch: tuple[Tensor, Tensor], step: int) -> None:
        """Count one batch of untouched images."""
        images, targets = batch
        if not len(images):  # more processes than images
            return
        logits = self.network(to_unit_range(images).contiguous(memory_format=torch.channels_last)).float()
        self._val.add(logits, F.one_hot(targets, self.classes).float(), F.cross_entropy(logits, targets))

    def on_validation_epoch_end(self) -> None:
        """Log loss, accuracy and macro recall."""
        self._val.gather()
        self.log_dict({"val_loss": self._val.loss, "val_accuracy": self._val.accuracy, "val_recall": self._val.recall})


def weighted_cross_entropy(
    logits: Tensor, shares: Tensor, class_weights: Tensor | None, label_smoothing: float
) -> Tensor:
    """Mean over the batch of each image's smoothed cross-entropy times the weight of its true class.

    Args:
        logits: float32 (b, k); -inf for classes that do not count against an image, see `without_classes`.
        shares: float32 (b, k), rows that sum to 1: one-hot, or mixed labels, whose weight is mixed as they are.
        class_weights: float32 (k,), or None for equal ones.
        label_smoothing: in [0, 1).

    Returns:
        float32 ().
    """
    # Torch's own weight would also scale the smoothed target's part of every other class, which draws all images
    # towards rare classes, and divide by the batch's weights, which makes an image's weight hang on its neighbours.
    hidden = torch.isneginf(logits)
    if hidden.any():
        # By hand, since -inf times the nothing that it may have would be no number.
        seen = (~hidden).float()
        goal = (1 - label_smoothing) * shares + label_smoothing * seen / seen.sum(1, keepdim=True)
        losses = -(goal * F.log_softmax(logits, dim=1).masked_fill(hidden, 0)).sum(1)
    else:
        losses = F.cross_entropy(logits, shares, label_smoothing=label_smoothing, reduction="none")
    return (losses if class_weights is None else losses * (shares @ class_weights)).mean()


def without_classes(logits: Tensor, hidden: Tensor) -> Tensor:
    """Logits (b, k) that are -inf where ``hidden``, bool (b, k): the loss neither raises nor lowers these.

    >>> without_classes(torch.zeros(1, 3), torch.tensor([[False, True, False]])).softmax(1).tolist()
    [[0.5, 0.0, 0.5]]
    """
    return logits.masked_fill(hidden, -torch.inf)


class _Tally:
    """Loss and hits by class, summed over batches; of a mixed label the predicted class's share is hit."""

    def __init__(self, classes: int, place: Place) -> None:
        self.classes, self.place = classes, place
        self.reset()

    def reset(self) -> None:
        self.losses = 0.0
        self.seen = torch.zeros(self.classes)
        self.hits = torch.zeros(self.classes)

    def add(self, logits: Tensor, shares: Tensor, loss: Tensor) -> None:
        self.losses += float(loss) * len(shares)
        self.seen += shares.sum(0).cpu()
        self.hits += (shares * F.one_hot(logits.argmax(1), self.classes)).sum(0).cpu()

    def gather(self) -> None:
        """Add what the other processes counted."""
        if self.place.size > 1:
            sums = torch.cat([torch.tensor([self.losses]).double(), self.seen.double(), self.hits.double()])
            losses, self.seen, self.hits = self.place.summed(sums).split([1, self.classes, self.classes])
            self.losses = float(losses)

    @property
    def loss(self) -> float:
        return self.losses / max(float(self.seen.sum()), 1)

    @property
    def accuracy(self) -> float:
        return float(self.hits.sum() / self.seen.sum().clamp(min=1))

    @property
    def recall(self) -> float:
        present = self.seen > 0
        return float((self.hits[present] / self.seen[present]).mean())


def _step_seed(seed: int, epoch: int, step: int) -> int:
    # Distinct for every step of every epoch; SeedSequence spreads neighbours far apart.
    return int(np.random.SeedSequence([seed, epoch, step + 1]).generate_state(1, np.uint64)[0] >> 1)
