"""Fitting the network of a Run: begun, gone on with, or finished already."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from rich.console import Console

from hemascope.errors import RunError
from hemascope.files import atomic
from hemascope.models.depthwise import use_fast_depthwise
from hemascope.models.freezing import freeze, frozen_weights
from hemascope.models.network import Network, create_network
from hemascope.train.averaging import MovingAverage
from hemascope.train.balance import class_weights
from hemascope.train.batches import evaluation_batches, training_batches
from hemascope.train.batchnorm import recompute_statistics
from hemascope.train.checkpoints import RunKeeper
from hemascope.train.device import choose_device, use_bfloat16
from hemascope.train.module import CellTraining
from hemascope.train.phases import EarlyStoppingOfTheRest, Phases
from hemascope.train.progress import TrainingProgress
from hemascope.train.quiet import LightningQuiet
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import start_from


@dataclass(frozen=True)
class Part:
    """One part of the split: images uint8 (n, size, size, 3) and class numbers int64 (n,)."""

    images: np.ndarray
    targets: np.ndarray


def new_network(recipe: Recipe, classes: int, *, pretrained: bool) -> Network:
    """The recipe's network; its random part (the head, or everything) depends on the seed alone."""
    torch.manual_seed(recipe.seed)
    network = create_network(
        recipe.network,
        classes=classes,
        input_size=recipe.input_size,
        pretrained=pretrained,
        dense=recipe.head.dense,
        dropout=recipe.head.dropout,
    )
    frozen_weights(network, recipe.transfer.trainable)  # refuses layers that it does not have
    return network


def fit(
    run: Run,
    recipe: Recipe,
    classes: int,
    train: Part,
    val: Part,
    console: Console,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    draw_weights: np.ndarray | None = None,
) -> Network:
    """Train the Run's network from wherever it stands and return it, in evaluation mode.

    After every epoch the Run holds a checkpoint; calling this again goes on from there and reaches the weights that
    an uninterrupted training would have. The result has the weights of the best epoch, with BatchNorm statistics
    recomputed on half clean images.

    Args:
        run: the folder.
        recipe: with ``batch_size`` resolved to a number.
        classes: number of classes.
        train: what to learn from.
        val: what to stop by.
        console: where progress goes.
        on_epoch: called with the new row of the history once the epoch's checkpoint is written; what it raises ends
            the training there, to be gone on with. A boosting does not call it: no epoch is of the whole.
        draw_weights: how often to draw each training image, in proportion, float (n,); None: by the recipe's balance.
    """
    if run.final_weights.exists():
        return load_network(run, recipe, classes)
    if recipe.boosting is not None:
        from hemascope.train.boosting.fit import fit_boosted  # it fits its learners by this function

        return fit_boosted(run, recipe, classes, train, val, console)
    device = choose_device()
    # A resumed network's weights come from its checkpoint, so the pretrained ones are not needed again.
    fresh = not run.last_checkpoint.exists()
    network = new_network(recipe, classes, pretrained=recipe.pretrained and fresh and recipe.start is None)
    if fresh and recipe.start is not None:
        start_from(recipe.start, network)
    if device.type == "cpu":
        use_fast_depthwise(network)
    network.to(memory_format=torch.channels_last)
    freeze(network, recipe.transfer.trainable)
    _train(run, recipe, network, classes, train, val, console, device, on_epoch, draw_weights)
    network.load_state_dict(_read(run.best_weights))
    recompute_statistics(network, train.images, recipe, device)
    with atomic(run.final_weights) as temporary:
        torch.save(network.to("cpu").state_dict(), temporary)
    return load_network(run, recipe, classes)


def load_network(run: Run, recipe: Recipe, classes: int) -> Network:
    """The finished network of a Run, in evaluation mode on the CPU."""
    if not run.final_weights.exists():
        raise RunError(f"{run.folder}: its training is not finished", f"hemascope train --resume {run.folder}")
    weights = _read(run.final_weights)
    if recipe.boosting is not None:
        from hemascope.train.boosting.fit import boosted_of

        return boosted_of(weights, recipe, classes)
    network = new_network(recipe, classes, pretrained=False)
    network.load_state_dict(weights)
    return network.eval()


def _train(
    run: Run,
    recipe: Recipe,
    network: Network,
    classes: int,
    train: Part,
    val: Part,
    console: Console,
    device: torch.device,
    on_epoch: Callable[[dict[str, float]], None] | None,
    draw_weights: np.ndarray | None,
) -> None:
    assert isinstance(recipe.batch_size, int)  # "auto" is resolved before a training begins
    size, seed = recipe.batch_size, recipe.seed
    batches = training_batches(train.images, train.targets, size, seed, recipe.balance, draw_weights)
    weights = None
    if recipe.balance.changes_loss:
        counts = np.bincount(train.targets, minlength=classes)
        weights = torch.from_numpy(class_weights(counts, recipe.balance.strength)).float()
    steps = len(batches) * (recipe.epochs - recipe.transfer.head_epochs)
    module = CellTraining(network, recipe, classes=classes, steps=steps, class_weights=weights)
    progress = TrainingProgress(console)
    stopping = EarlyStoppingOfTheRest(
        recipe.early_stopping.monitor,
        recipe.early_stopping.mode,
        recipe.early_stopping.patience or recipe.epochs,
        recipe.transfer,
    )

    def tell(row: dict[str, float]) -> None:
        progress.epoch(row)
        if on_epoch:
            on_epoch(row)

    keeper = RunKeeper(run, recipe.early_stopping, tell)
    average = [MovingAverage(recipe.ema)] if recipe.ema else []
    resume = run.last_checkpoint if run.last_checkpoint.exists() else None
    if resume:
        saved = torch.load(resume, map_location="cpu", weights_only=False)
        if _is_over(saved, recipe):
            return
    with LightningQuiet():
        trainer = L.Trainer(
            accelerator="gpu" if device.type == "cuda" else device.type,
            devices=1,
            precision="bf16-mixed" if use_bfloat16(recipe.precision, device) else "32-true",
            max_epochs=recipe.epochs,
            callbacks=[Phases(recipe.transfer, recipe.optimizer.learning_rate), *average, stopping, progress, keeper],
            logger=False,
            enable_checkpointing=True,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        validation = evaluation_batches(val.images, val.targets)
        handler = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(module, batches, validation, ckpt_path=resume, weights_only=False)
        except SystemExit as end:
            # Lightning exits by itself on Ctrl-C, and switches further ones off; the command line says how to go on.
            signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from end


def _is_over(saved: dict[str, Any], recipe: Recipe) -> bool:
    """Whether a checkpoint was the last one: all epochs done, or stopped early."""
    stopped = any(
        state.get("stopped_epoch", 0) > 0 for name, state in saved["callbacks"].items() if name.startswith("EarlyStop")
    )
    return stopped or saved["epoch"] + 1 >= recipe.epochs


def _read(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)
