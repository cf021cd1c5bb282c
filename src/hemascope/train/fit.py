"""Fitting one network in its Run: begun, gone on with, or finished already."""

import logging
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor

from hemascope.data.remote.mirror import put_so_far
from hemascope.errors import HemascopeError, RunError
from hemascope.files import atomic
from hemascope.models.depthwise import use_fast_depthwise
from hemascope.models.freezing import freeze
from hemascope.models.network import Network
from hemascope.models.synced import synchronised
from hemascope.progress import SILENT, Progress
from hemascope.train.averaging import MovingAverage
from hemascope.train.balance import class_weights
from hemascope.train.batches import evaluation_batches, training_batches
from hemascope.train.batchnorm import recompute_statistics
from hemascope.train.checkpoints import RunFollower, RunKeeper, read_checkpoint, read_weights, unusable_state
from hemascope.train.device import choose_device, use_bfloat16
from hemascope.train.divergence import Divergence
from hemascope.train.laboratories import absent_classes
from hemascope.train.laboratories import draw_weights as drawn_by_laboratory
from hemascope.train.module import CellTraining
from hemascope.train.phases import EarlyStoppingOfTheRest, Phases
from hemascope.train.processes import ALONE, Group, Place, current, own_cores
from hemascope.train.progress import TrainingProgress
from hemascope.train.recipe import Balance, Recipe
from hemascope.train.run import Run
from hemascope.train.start import first_network, new_network
from hemascope.train.strategy import where
from hemascope.train.tracking import Tracker


@dataclass(frozen=True)
class Part:
    """One part of the split: images uint8 (n, size, size, 3), class numbers int64 (n,), and where they come from.

    ``laboratories`` are numbers int64 (n,), -1 where none is named; None where the source names none at all.
    """

    images: np.ndarray
    targets: np.ndarray
    laboratories: np.ndarray | None = None


def fit(
    run: Run,
    recipe: Recipe,
    classes: int,
    train: Part,
    val: Part,
    *,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    draw_weights: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> Network:
    """Train one network from wherever its Run stands and return it, in evaluation mode.

    After every epoch the Run holds a checkpoint; calling this again goes on from there and reaches the weights that
    an uninterrupted training would have. The result has the weights of the best epoch, with BatchNorm statistics
    recomputed on half clean images.

    Args:
        run: the folder.
        recipe: with ``batch_size`` resolved to a number; its ``boosting`` is not asked, see `hemascope.train.kinds`.
        classes: number of classes.
        train: what to learn from.
        val: what to stop by.
        on_epoch: called with the new row of the history once the epoch's checkpoint is written; what it raises ends
            the training there, to be gone on with.
        draw_weights: how often to draw each training image, in proportion, float (n,); None: by the recipe's balance.
        progress: what the training reports to.

    Raises:
        RunError: its checkpoint cannot be read safely.
        DivergedError: its loss is no number any more.
    """
    if run.final_weights.exists():
        return load_network(run, recipe, classes)
    device = choose_device()
    if run.last_checkpoint.exists():
        network = new_network(recipe, classes, pretrained=False)  # its weights come from the checkpoint
    else:
        network = first_network(recipe, classes, run.manifest)
    _prepare(network, recipe, device)
    _train(run, recipe, network, classes, train, val, on_epoch, draw_weights, progress)
    network.load_state_dict(read_weights(run.best_weights, network))
    weights = None
    if train.laboratories is not None and recipe.laboratories.changes_draws:
        # Of laboratories that are drawn alike, each has its say in the statistics; the classes as they come.
        weights = drawn_by_laboratory(train.laboratories, train.targets, recipe.laboratories, Balance())
    recompute_statistics(network, train.images, recipe, device, weights=weights, progress=progress)
    with atomic(run.final_weights) as temporary:
        torch.save(network.to("cpu").state_dict(), temporary)
    return load_network(run, recipe, classes)


def load_network(run: Run, recipe: Recipe, classes: int) -> Network:
    """One finished network, in evaluation mode on the CPU.

    Raises:
        RunError: its training is not finished, or its weights are damaged or another network's.
    """
    _finished(run)
    network = new_network(recipe, classes, pretrained=False)
    network.load_state_dict(read_weights(run.final_weights, network))
    return network.eval()


def finished_weights(run: Run) -> dict[str, Tensor]:
    """The weights that a training left.

    Raises:
        RunError: it is not finished, or its file holds no weights.
    """
    _finished(run)
    return read_weights(run.final_weights)


def _finished(run: Run) -> None:
    if not run.final_weights.exists():
        raise RunError(f"{run.folder}: its training is not finished", f"hemascope train --resume {run.folder}")


@dataclass(frozen=True)
class _Task:
    """What every process of a training needs to take part in it.

    Attributes:
        recipe, classes, train, val: as of `fit`.
        draw_weights: how often to draw each training image, in proportion, float (n,), or None.
        half: train in bfloat16; the first process decides for all.
        weights: that the network begins with, by name.
        checkpoint: the file to go on from, or None.
    """

    recipe: Recipe
    classes: int
    train: Part
    val: Part
    draw_weights: np.ndarray | None
    half: bool
    weights: dict[str, np.ndarray]
    checkpoint: bytes | None


def take_part(group: Group) -> str:
    """Help the first process to fit, as often as it asks for it; gives its last word.

    Raises:
        SystemExit: something is wrong here; the first process says what.
    """
    try:
        while not isinstance(task := group.next(), str):
            _help(group.place, task)
        group.end(task)
        return task
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except HemascopeError as problem:
        group.fail(problem.problem, problem.remedy)
    except Exception as problem:
        group.fail(f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}", "")
    raise SystemExit(1)


def _help(place: Place, task: _Task) -> None:
    network = new_network(task.recipe, task.classes, pretrained=False)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in task.weights.items()})
    _prepare(network, task.recipe, choose_device())
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = None
        if task.checkpoint is not None:
            checkpoint = Path(folder, "last.ckpt")
            checkpoint.write_bytes(task.checkpoint)
        _run_trainer(task, network, place, [], [RunFollower()], checkpoint)


def _prepare(network: Network, recipe: Recipe, device: torch.device) -> None:
    if device.type == "cpu":
        use_fast_depthwise(network)
    network.to(memory_format=torch.channels_last)
    freeze(network, recipe.transfer.trainable)


def _train(
    run: Run,
    recipe: Recipe,
    network: Network,
    classes: int,
    train: Part,
    val: Part,
    on_epoch: Callable[[dict[str, float]], None] | None,
    draw_weights: np.ndarray | None,
    progress: Progress,
) -> None:
    resume = run.last_checkpoint if run.last_checkpoint.exists() else None
    if resume and _is_over(read_checkpoint(resume, network), recipe):
        return
    told = TrainingProgress(progress)

    def tell(row: dict[str, float]) -> None:
        told.epoch(row)
        tracker.epochs(keeper.history)
        put_so_far()
        if on_epoch:
            on_epoch(row)

    keeper = RunKeeper(run, recipe.early_stopping, tell, resume)
    group = current()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    task = _Task(
        recipe,
        classes,
        train,
        val,
        draw_weights,
        use_bfloat16(recipe.precision, choose_device()),
        weights,
        resume.read_bytes() if resume and group else None,
    )
    try:
        with (
            Tracker(run, recipe.model_dump(mode="json"), progress) as tracker,
            group.at_work(task) if group else nullcontext(),
        ):
            place = group.place if group else ALONE
            # Divergence looks before the others count, stop by or keep what is no number.
            _run_trainer(task, network, place, [Divergence(progress, classes)], [told, keeper], resume)
    except (HemascopeError, torch.OutOfMemoryError):
        raise
    except Exception as problem:
        if resume and not keeper.kept:
            raise unusable_state(resume, problem) from problem
        raise


def _run_trainer(
    task: _Task,
    network: Network,
    place: Place,
    before: Sequence[L.Callback],
    after: Sequence[L.Callback],
    checkpoint: Path | None,
) -> None:
    """Train in this process, with the others if there are any; ``before`` and ``after`` are of this one alone."""
    recipe, train, val, device = task.recipe, task.train, task.val, choose_device()
    assert isinstance(recipe.batch_size, int)  # "auto" is resolved before a training begins
    places, hidden, draw_weights = train.laboratories, None, task.draw_weights
    if places is not None and recipe.laboratories.changes_draws and draw_weights is None:
        draw_weights = drawn_by_laboratory(places, train.targets, recipe.laboratories, recipe.balance)
    if places is not None and recipe.laboratories.absent == "hide":
        hidden = absent_classes(places, train.targets, task.classes)
    batches = training_batches(
        train.images, train.targets, recipe.batch_size, recipe.seed, recipe.balance, draw_weights, hidden
    )
    weights = None
    if recipe.balance.changes_loss:
        counts = np.bincount(train.targets, minlength=task.classes)
        weights = torch.from_numpy(class_weights(counts, recipe.balance.strength)).float()
    steps = len(batches) * (recipe.epochs - recipe.transfer.head_epochs)
    module = CellTraining(network, recipe, classes=task.classes, steps=steps, class_weights=weights, place=place)
    stopping = EarlyStoppingOfTheRest(
        recipe.early_stopping.monitor,
        recipe.early_stopping.mode,
        recipe.early_stopping.patience or recipe.epochs,
        recipe.transfer,
    )
    phases = Phases(recipe.transfer, recipe.optimizer.learning_rate)
    average = [MovingAverage(recipe.ema)] if recipe.ema else []
    with LightningQuiet(), own_cores(place):
        trainer = L.Trainer(
            **where(device, place, find_unused=recipe.transfer.head_epochs > 0),
            precision="bf16-mixed" if task.half else "32-true",
            max_epochs=recipe.epochs,
            callbacks=[*before, phases, *average, stopping, *after],
            logger=False,
            enable_checkpointing=True,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        validation = evaluation_batches(val.images, val.targets, share=place.share(len(val.images)))
        with _interruptible(), synchronised(network) if place.size > 1 else nullcontext():
            trainer.fit(module, batches, validation, ckpt_path=checkpoint, weights_only=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C be one: Lightning exits by itself then, and switches further ones off."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from end


def _is_over(saved: dict[str, Any], recipe: Recipe) -> bool:
    """Whether a checkpoint was the last one: all epochs done, or stopped early."""
    stopped = any(
        state.get("stopped_epoch", 0) > 0 for name, state in saved["callbacks"].items() if name.startswith("EarlyStop")
    )
    return stopped or saved["epoch"] + 1 >= recipe.epochs


class LightningQuiet(warnings.catch_warnings):
    """Keep Lightning's advice about workers, devices and tips from the user, and its own deprecations from tests."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.filterwarnings("ignore", module=r"lightning.*")
        warnings.filterwarnings("ignore", module=r"torch.*", category=DeprecationWarning)
        for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
            logging.getLogger(name).setLevel(logging.ERROR)
