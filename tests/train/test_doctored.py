"""Checkpoints and weights that somebody doctored: nothing that they bring is run, whoever reads them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.evaluate.tune.trial import Data, train_trial
from hemascope.train.checkpoints import HISTORY_COLUMNS, read_checkpoint, read_weights
from hemascope.train.fit import Part, fit, load_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import new_network, start_from

RECIPE = Recipe(network="MicroCell", pretrained=False, input_size=32, epochs=2, batch_size=16, ema=0.9)
PART = Part(np.random.default_rng(0).integers(0, 255, (24, 32, 32, 3)).astype(np.uint8), np.arange(24) % 3)


class Payload:
    """Makes a folder as soon as a pickle of it is read with all that pickle can do."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.mark,)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Run that was interrupted after its first epoch."""
    run = Run.create(tmp_path_factory.mktemp("runs") / "run", RECIPE, Manifest.build([], [], ["a", "b", "c"]), {})

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(run, RECIPE, 3, PART, PART, on_epoch=stop)
    return run.folder


def go_on(run: Run) -> None:
    fit(run, RECIPE, 3, PART, PART)


def go_on_with_trial(run: Run) -> None:
    train_trial(run.folder, RECIPE, Data(("a", "b", "c"), {"train": PART, "val": PART}))


def network() -> Any:
    return new_network(RECIPE, 3, pretrained=False)


READERS: dict[str, tuple[str, Callable[[Run], Any]]] = {
    "train --resume, bench, folds, boosting": ("last_checkpoint", go_on),
    "tune": ("last_checkpoint", go_on_with_trial),
    "a finished trial": ("final_weights", go_on_with_trial),
    "a finished Run": ("final_weights", go_on),
    "ensemble, export, explain": ("final_weights", lambda run: load_network(run, RECIPE, 3)),
    "start": ("final_weights", lambda run: start_from(str(run.folder), network(), ["a", "b", "c"])),
}


@pytest.mark.parametrize("reader", READERS)
def test_nothing_that_a_file_brings_is_run(reader: str, stopped: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(stopped, tmp_path / "run"))
    which, read = READERS[reader]
    path, mark = getattr(run, which), tmp_path / "mark"
    saved = torch.load(run.last_checkpoint, weights_only=True)
    torch.save({**(saved if which == "last_checkpoint" else network().state_dict()), "also": Payload(mark)}, path)
    with pytest.raises(RunError, match="cannot be read safely") as told:
        read(run)
    assert str(path) in str(told.value)
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists()  # the payload is a live one


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x04N."], ids=["empty", "torn", "pickle"])
def test_a_damaged_file_is_named(reader: str, content: bytes, stopped: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(stopped, tmp_path / "run"))
    which, read = READERS[reader]
    getattr(run, which).write_bytes(content)
    with pytest.raises(RunError, match="delete its folder checkpoints"):
        read(run)


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no mapping": lambda saved: [saved],
    "no optimiser": lambda saved: {**saved, "optimizer_states": None},
    "an epoch in words": lambda saved: {**saved, "epoch": "1"},
    "another network": lambda saved: {**saved, "state_dict": {"network.head.weight": torch.zeros(2)}},
    "words for weights": lambda saved: {**saved, "state_dict": dict.fromkeys(saved["state_dict"], "0")},
    "no history": lambda saved: {**saved, "callbacks": {}},
    "a history in words": lambda saved: {
        **saved,
        "callbacks": {**saved["callbacks"], "RunKeeper": {"history": [dict.fromkeys(HISTORY_COLUMNS, "1")]}},
    },
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_checkpoint_of_this_network_is_refused(change: str, stopped: Path, tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save(CHANGES[change](torch.load(Run(stopped).last_checkpoint, weights_only=True)), path)
    with pytest.raises(RunError, match="cannot be read safely"):
        read_checkpoint(path, network())


def _first_state(saved: dict[str, Any]) -> dict[str, Any]:
    (optimizer,) = saved["optimizer_states"]
    return dict(next(iter(optimizer["state"].values())))


def _with_optimizer(saved: dict[str, Any], **changes: Any) -> dict[str, Any]:
    (optimizer,) = saved["optimizer_states"]
    return {**saved, "optimizer_states": [{**optimizer, **changes}]}


def _groups(saved: dict[str, Any], **settings: Any) -> dict[str, Any]:
    groups = saved["optimizer_states"][0]["param_groups"]
    return _with_optimizer(saved, param_groups=[{**group, **settings} for group in groups])


STATES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "moments of another shape": lambda saved: _with_optimizer(
        saved, state={0: {name: torch.zeros(7) for name in _first_state(saved)}}
    ),
    "moments in words": lambda saved: _with_optimizer(saved, state={0: dict.fromkeys(_first_state(saved), "0")}),
    "no groups": lambda saved: _with_optimizer(saved, param_groups=[]),
    "groups of other weights": lambda saved: _groups(saved, params=[0]),
    "a rate in words": lambda saved: _groups(saved, lr="0.1"),
    "an infinite rate": lambda saved: _groups(saved, weight_decay=float("inf")),
    "no optimiser": lambda saved: {**saved, "optimizer_states": []},
    "a schedule in words": lambda saved: {**saved, "lr_schedulers": [{"last_epoch": "1", "_step_count": "2"}]},
    "loops of another": lambda saved: {**saved, "loops": {"fit_loop": {"state_dict": 3}}},
    "an averaged network in words": lambda saved: {**saved, "averaging_state": "0", "current_model_state": "0"},
}


@pytest.mark.parametrize("change", STATES)
def test_a_training_does_not_go_on_from_what_is_no_state_of_it(change: str, stopped: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(stopped, tmp_path / "run"))
    torch.save(STATES[change](torch.load(run.last_checkpoint, weights_only=True)), run.last_checkpoint)
    with pytest.raises(RunError, match=r"last\.ckpt: cannot be read safely"):
        go_on(run)


WEIGHTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "no numbers": lambda value: value * torch.nan,
    "complex ones": lambda value: value.to(torch.complex64),
    "sparse ones": lambda value: value.to_sparse(),
    "none at all": lambda value: value.to("meta"),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_the_best_weights_must_be_some(kind: str, stopped: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(stopped, tmp_path / "run"))
    weights = torch.load(run.best_weights, weights_only=True)
    name = next(name for name, value in weights.items() if value.is_floating_point())
    torch.save({**weights, name: WEIGHTS[kind](weights[name])}, run.best_weights)
    with pytest.raises(RunError, match="cannot be read safely"):
        read_weights(run.best_weights, network())


def test_weights_of_another_shape_are_refused(stopped: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(stopped, tmp_path / "run"))
    torch.save({name: torch.zeros(1) for name in network().state_dict()}, run.final_weights)
    for read in (go_on, READERS["start"][1]):
        with pytest.raises(RunError, match="another network's"):
            read(run)
