"""The head first, then the rest: what learns, how fast, and that an interruption changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hemascope.augment.policy import Policy
from hemascope.data.manifest import Manifest
from hemascope.models.network import Network
from hemascope.train.checkpoints import RunKeeper, network_weights
from hemascope.train.fit import Part, fit
from hemascope.train.recipe import EarlyStopping, Optimizer, Recipe, Transfer
from hemascope.train.run import Run
from hemascope.train.start import new_network

BASE = Recipe(network="test_efficientnet", pretrained=False, input_size=32, epochs=3, batch_size=16)
NOTHING = Manifest.build([], [], ["a", "b", "c"])


def part(n: int, seed: int) -> Part:
    rng = np.random.default_rng(seed)
    targets = rng.choice(3, n)
    noise = rng.integers(-40, 40, (n, 32, 32, 3))
    return Part((80 + 40 * targets[:, None, None, None] + noise).astype(np.uint8), targets)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished Run to start from."""
    run = Run.create(tmp_path_factory.mktemp("runs") / "started", BASE, NOTHING, {})
    run.final_weights.parent.mkdir()
    torch.save(new_network(BASE, 3, pretrained=False).state_dict(), run.final_weights)
    return run


def recipe(started: Run, transfer: Transfer, **changes: Any) -> Recipe:
    update = {"start": str(started.folder), "transfer": transfer, "augment": Policy(brightness=0.3), **changes}
    return BASE.model_copy(update=update)


def fitted(folder: Path, chosen: Recipe) -> tuple[Run, Network]:
    run = Run.open(folder) if (folder / "run.json").exists() else Run.create(folder, chosen, NOTHING, {})
    return run, fit(run, run.recipe(), 3, part(48, 0), part(16, 1))


def history(run: Run) -> list[list[str]]:
    return [line.split(",")[:-1] for line in run.history_file.read_text().splitlines()]


def interrupted(folder: Path, chosen: Recipe, epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(keeper: RunKeeper, trainer: Any, *_: Any) -> None:
        if trainer.current_epoch == epoch:
            raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(RunKeeper, "on_train_batch_start", stop)
        with pytest.raises(MemoryError):
            fitted(folder, chosen)


def test_two_phases_interrupted_between_or_within_end_as_uninterrupted(
    started: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = recipe(
        started,
        Transfer(head_epochs=1, head_learning_rate=0.02, layer_decay=0.5),
        optimizer=Optimizer(learning_rate=0.001, l2=0.01),
        early_stopping=EarlyStopping(keep="last"),
    )
    whole, expected = fitted(tmp_path / "whole", chosen)
    interrupted(tmp_path / "other", chosen, 1, monkeypatch)
    saved = network_weights(torch.load(Run(tmp_path / "other").last_checkpoint, weights_only=False)["state_dict"])
    before = torch.load(started.final_weights, weights_only=True)
    assert all(torch.equal(value, saved[name]) for name, value in before.items() if name.startswith("backbone."))
    assert not torch.equal(before["head.0.weight"], saved["head.0.weight"])
    interrupted(tmp_path / "other", chosen, 2, monkeypatch)
    other, network = fitted(tmp_path / "other", chosen)
    assert history(other) == history(whole)
    rates = [float(row[-1]) for row in history(whole)[1:]]
    assert rates[:2] == [0.02, pytest.approx(0.001 / 25)]  # where one cycle begins
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, expected.state_dict()[name])
    assert not torch.equal(before["backbone.conv_stem.weight"], network.state_dict()["backbone.conv_stem.weight"])


def test_patience_is_counted_from_the_second_phase_on(started: Run, tmp_path: Path) -> None:
    chosen = recipe(
        started,
        Transfer(head_epochs=3, head_learning_rate=1e-30),
        optimizer=Optimizer(learning_rate=1e-30),
        epochs=7,
        ema=None,
        early_stopping=EarlyStopping(monitor="val_accuracy", patience=1),
    )
    run, _ = fitted(tmp_path / "patient", chosen)
    assert len(history(run)) - 1 >= 5  # three of the head, one to compare with, one that is no better


def test_a_frozen_backbone_ends_as_it_began_with_its_statistics(started: Run, tmp_path: Path) -> None:
    _, network = fitted(tmp_path / "frozen", recipe(started, Transfer(trainable="head"), epochs=1))
    before = torch.load(started.final_weights, weights_only=True)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("backbone.")
    assert all(weight.requires_grad for weight in network.parameters())
