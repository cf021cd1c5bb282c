"""Keeping the best weights, the last whole epoch and the history, so that a killed training goes on."""

import csv
import io
import math
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor, nn
from torch.optim import Optimizer

from hemascope.errors import RunError
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
        resumed: the checkpoint that the training goes on from.

    Attributes:
        kept: whether a checkpoint of its own is written by now.
    """

    def __init__(
        self,
        run: Run,
        stopping: EarlyStopping,
        on_epoch: Callable[[dict[str, float]], None],
        resumed: Path | None = None,
    ) -> None:
        self.run, self.stopping, self.on_epoch, self.resumed = run, stopping, on_epoch, resumed
        self.kept = False
        self.history: list[dict[str, float]] = []
        self._rate = 0.0
        self._began = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """The history goes with the checkpoint, so that the two never disagree."""
        return {"history": self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the history of the checkpoint."""
        self.history = list(state_dict["history"])

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse an optimiser's state that is another's before a step is taken with it."""
        if self.resumed:
            check_optimizer(self.resumed, trainer.optimizers[0])

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
        then = f"Then go on: hemascope train --resume {self.run.folder}"
        with atomic(self.run.last_checkpoint, then=then) as temporary:
            trainer.save_checkpoint(temporary)
            if kept:
                saved = torch.load(temporary, map_location="cpu", weights_only=True)
                with atomic(self.run.best_weights, then=then) as best:
                    torch.save(network_weights(saved["state_dict"]), best)
            text = io.StringIO()
            writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.6g}" for k, v in past.items()} for past in self.history)
            write_text(self.run.history_file, text.getvalue())
        self.kept = True


class RunFollower(Checkpoint):
    """Takes part in what a `RunKeeper` writes in the first of several processes, and writes nothing."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Wait until the first process has its checkpoint."""
        trainer.save_checkpoint("")


def network_weights(state: dict[str, Any]) -> dict[str, Any]:
    """The network's part of the state of a `CellTraining`."""
    return {name.removeprefix("network."): value for name, value in state.items() if name.startswith("network.")}


def read_checkpoint(path: Path, network: nn.Module) -> dict[str, Any]:
    """What a training goes on from, read without running anything that the file may hold.

    Args:
        path: of a Run's last checkpoint, of this release or of 0.1.0.
        network: that goes on.

    Raises:
        RunError: the file is damaged, holds more than tensors and plain values, or is another network's.
    """
    saved = _read(path)
    kinds = saved if isinstance(saved, dict) else {}
    for key, kind in _CHECKPOINT.items():
        if not isinstance(kinds.get(key), kind):
            raise _unusable(path, f"its {key} is missing or of another kind")
    if len(kinds["optimizer_states"]) != 1 or len(kinds["lr_schedulers"]) != 1:
        raise _unusable(path, "it is not of one optimiser and its schedule")
    for name, state in kinds["callbacks"].items():
        if not isinstance(name, str) or not isinstance(state, dict):
            raise _unusable(path, "its callbacks are of another kind")
    history = kinds["callbacks"].get(RunKeeper.__name__, {}).get("history")
    if not isinstance(history, list) or not all(_is_row(row) for row in history):
        raise _unusable(path, "its history is missing or of another kind")
    check_fit(path, network_weights(kinds["state_dict"]), network)
    return kinds


def read_weights(path: Path, network: nn.Module | None = None) -> dict[str, Tensor]:
    """Weights that a training left, read without running anything that the file may hold.

    Args:
        path: of the file.
        network: that they are to fit; None: any.

    Raises:
        RunError: the file is damaged, holds more than tensors, or is another network's.
    """
    weights = _read(path)
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in weights.items()
    ):
        raise _unusable(path, "it holds no weights")
    if network is not None:
        check_fit(path, weights, network)
    return weights


# Of the whole checkpoint, what the training asks for by name.
_CHECKPOINT = {
    "epoch": int, "global_step": int, "pytorch-lightning_version": str, "state_dict": dict, "loops": dict,
    "callbacks": dict, "optimizer_states": list, "lr_schedulers": list,
}  # fmt: skip


def _read(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another protocol of pickle, which is refused in any case
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as problem:
        raise _unusable(path, "it is damaged, or holds more than tensors and plain values") from problem
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _unusable(path, " ".join(str(problem).split())[:200] or "it is damaged") from problem


def check_fit(path: Path, weights: Mapping[str, Any], network: nn.Module) -> None:
    """Make sure that weights are those of a network, by name and shape.

    Args:
        path: they were read from.
        weights: by their names.
        network: that is to take them.

    Raises:
        RunError: they are another network's, or none.
    """
    own = network.state_dict()
    wanted = {name: value.shape for name, value in own.items()}
    if {name: getattr(value, "shape", None) for name, value in weights.items()} != wanted:
        raise _unusable(path, "its weights are another network's")
    for name, value in weights.items():
        if value.dtype != own[name].dtype or value.layout != torch.strided or value.is_meta or value.isnan().any():
            raise _unusable(path, f"its {name} are no weights")


def check_optimizer(path: Path, optimizer: Optimizer) -> None:
    """Make sure that the state which an optimiser was given is one of its own weights.

    Args:
        path: of the checkpoint that it came from.
        optimizer: with that state.

    Raises:
        RunError: it is another network's or another optimiser's.
    """
    for group in optimizer.param_groups:
        settings = {name: value for name, value in group.items() if name != "params"}
        if not optimizer.defaults.keys() <= settings.keys() or not all(map(_is_setting, settings.values())):
            raise _unusable(path, "the settings of its optimiser are another's")
        for weight in group["params"]:
            for value in optimizer.state.get(weight, {}).values():
                fits = value.shape in (weight.shape, ()) if isinstance(value, Tensor) else _is_setting(value)
                if not fits:
                    raise _unusable(path, "the state of its optimiser is another network's")


def _is_setting(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_setting, value))
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def unusable_state(path: Path, problem: Exception) -> RunError:
    """The error for a checkpoint that a training cannot go on from, though it can be read."""
    return _unusable(path, f"a training cannot go on from it: {' '.join(str(problem).split())[:200]}")


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() >= set(HISTORY_COLUMNS)
        and all(isinstance(value, int | float) for value in row.values())
    )


def _unusable(path: Path, reason: str) -> RunError:
    return RunError(
        f"{path}: cannot be read safely ({reason})",
        "Nothing in it was run. If the Run is your own, delete its folder checkpoints: it is then trained from the"
        " beginning. Otherwise ask whoever trained it for its model file.",
    )
