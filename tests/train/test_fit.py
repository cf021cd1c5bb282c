"""Fitting goes on after an interruption as if there had been none, whatever the balance."""

import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hemascope.augment.policy import Policy
from hemascope.data.manifest import Manifest
from hemascope.models.network import Network
from hemascope.train.checkpoints import RunKeeper
from hemascope.train.fit import Part, fit
from hemascope.train.recipe import Balance, Optimizer, Recipe, Schedule
from hemascope.train.run import Run


def part(n: int, seed: int) -> Part:
    rng = np.random.default_rng(seed)
    targets = rng.choice(3, n, p=[0.7, 0.2, 0.1])
    noise = rng.integers(-40, 40, (n, 32, 32, 3))
    return Part((80 + 40 * targets[:, None, None, None] + noise).astype(np.uint8), targets)


def recipe(balance: Balance) -> Recipe:
    return Recipe(
        network="test_efficientnet", pretrained=False, input_size=32, epochs=3, batch_size=16, label_smoothing=0.1,
        augment=Policy(clean=0.3, brightness=0.3), balance=balance,
    )  # fmt: skip


def fitted(folder: Path, balance: Balance) -> tuple[Run, Network]:
    chosen = recipe(balance)
    fresh = not (folder / "run.json").exists()
    run = Run.create(folder, chosen, Manifest.build([], [], ["a", "b", "c"]), {}) if fresh else Run.open(folder)
    return run, fit(run, run.recipe(), 3, part(60, 0), part(20, 1))


def history(run: Run) -> list[str]:
    return [line.rpartition(",")[0] for line in run.history_file.read_text().splitlines()]


@pytest.mark.parametrize("name", ["uniform", "augment_rare", "weighted_loss"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    name: Any, stop: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    balance = Balance(name=name)
    whole, expected = fitted(tmp_path / "whole", balance)

    def interrupted(keeper: RunKeeper, trainer: Any, *_: Any) -> None:
        if trainer.current_epoch == 1:
            raise stop

    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        patched.setattr(RunKeeper, "on_train_batch_start", interrupted)
        with pytest.raises(stop):
            fitted(tmp_path / "interrupted", balance)
    assert signal.getsignal(signal.SIGINT) is handler
    assert len(history(Run(tmp_path / "interrupted"))) == 2
    resumed, network = fitted(tmp_path / "interrupted", balance)
    assert history(resumed) == history(whole)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, expected.state_dict()[key], rtol=0, atol=0)


def test_a_plateau_schedule_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    schedule = Schedule(name="plateau", patience=0, factor=0.5)
    chosen = recipe(Balance()).model_copy(
        update={"schedule": schedule, "optimizer": Optimizer(learning_rate=1e-2), "epochs": 4, "network": "test_resnet"}
    )

    def run(folder: Path, stop_after: int = 9) -> list[str]:
        new = not (folder / "run.json").exists()
        run = Run.create(folder, chosen, Manifest.build([], [], ["a", "b", "c"]), {}) if new else Run.open(folder)

        def stop(row: dict[str, float]) -> None:
            if row["epoch"] == stop_after:
                raise MemoryError

        with pytest.raises(MemoryError) if stop_after < 9 else nullcontext():
            fit(run, chosen, 3, part(60, 0), part(20, 1), on_epoch=stop)
        return history(run)

    whole = run(tmp_path / "whole")
    assert [line.rpartition(",")[2] for line in whole[1:]] == ["0.01", "0.01", "0.01", "0.005"]  # by the third epoch
    for epoch in (1, 2, 3):
        run(tmp_path / "stopped", stop_after=epoch)
    assert run(tmp_path / "stopped") == whole


def test_every_balance_trains_another_network(tmp_path: Path) -> None:
    names: tuple[Any, ...] = ("original", "uniform", "augment_rare", "weighted_loss")
    heads = [history(fitted(tmp_path / name, Balance(name=name))[0]) for name in names]
    assert len({tuple(lines) for lines in heads}) == len(names)
    assert len({len(lines) for lines in heads}) == 1


def test_without_strength_a_balance_changes_nothing(tmp_path: Path) -> None:
    expected = history(fitted(tmp_path / "original", Balance())[0])
    assert history(fitted(tmp_path / "weighted", Balance(name="weighted_loss", strength=0))[0]) == expected
