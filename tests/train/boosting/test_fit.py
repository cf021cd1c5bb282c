"""Boosted Runs: resumed as if never interrupted, read as they were left."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hemascope.augment.policy import Policy
from hemascope.data.manifest import Manifest
from hemascope.errors import RecipeError, RunError
from hemascope.models.boosted import Boosted, TreeVotes
from hemascope.models.network import Network, create_network, run_network
from hemascope.train.boosting.ledger import read_boosting
from hemascope.train.checkpoints import RunKeeper
from hemascope.train.fit import Part
from hemascope.train.kinds import fit_network, open_network
from hemascope.train.recipe import Boosting, Recipe
from hemascope.train.run import Run
from hemascope.train.start import start_from


def part(n: int, seed: int) -> Part:
    """Colours with noise; a fifth of the labels is wrong, so that no learner is perfect."""
    rng = np.random.default_rng(seed)
    shown = rng.integers(0, 3, n)
    targets = np.where(rng.random(n) < 0.2, rng.integers(0, 3, n), shown)
    noise = rng.integers(-40, 40, (n, 16, 16, 3))
    return Part((80 + 40 * shown[:, None, None, None] + noise).astype(np.uint8), targets)


TRAIN, VAL = part(60, 0), part(30, 1)


def recipe(**boosting: Any) -> Recipe:
    return Recipe(
        network="vanilla_cnn", pretrained=False, input_size=16, epochs=2, batch_size=10, ema=None,
        augment=Policy(clean=0.3, brightness=0.3), boosting=Boosting(**boosting),
    )  # fmt: skip


def fitted(folder: Path, chosen: Recipe) -> tuple[Run, Network]:
    run = Run(folder)
    if not (folder / "run.json").exists():
        run = Run.create(folder, chosen, Manifest.build([], [], ["a", "b", "c"]), {})
    return run, fit_network(run, run.recipe(), 3, TRAIN, VAL)


def history(run: Run) -> list[str]:
    return [line.rpartition(",")[0] for line in run.history_file.read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Network]:
    return fitted(tmp_path_factory.mktemp("boosted") / "whole", recipe(over="networks", rounds=3))


def test_networks_vote_and_are_read_again(whole: tuple[Run, Network]) -> None:
    run, network = whole
    assert isinstance(network, Boosted)
    log = read_boosting(run.folder)
    assert log is not None
    assert len(log.rounds) == len(network.members) == 3
    assert all(0 < each.error < 2 / 3 and each.alpha > 0 for each in log.rounds)
    again = open_network(run)
    logits = run_network(network, VAL.images)
    np.testing.assert_array_equal(run_network(again, VAL.images), logits)
    together = log.rounds[-1].ensemble_val_accuracy
    assert (logits.argmax(1) == VAL.targets).mean() == pytest.approx(together)
    assert [line.split(",")[0] for line in history(run)] == ["epoch", "1", "2", "3", "4", "5", "6"]
    assert not list(run.folder.glob("rounds/*/checkpoints/last.ckpt"))


def test_the_first_round_is_the_training_without_boosting(whole: tuple[Run, Network], tmp_path: Path) -> None:
    alone, _ = fitted(tmp_path / "alone", whole[0].recipe().model_copy(update={"boosting": None}))
    assert history(alone) == history(whole[0])[:3]


def test_an_interrupted_boosting_ends_as_an_uninterrupted_one(
    whole: tuple[Run, Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def interrupted(keeper: RunKeeper, trainer: Any, *_: Any) -> None:
        begun.append(trainer.current_epoch)
        if len(begun) == 4:  # in the second epoch of the second round
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RunKeeper, "on_validation_epoch_start", interrupted, raising=False)
        with pytest.raises(KeyboardInterrupt):
            fitted(tmp_path / "run", whole[0].recipe())
    resumed, network = fitted(tmp_path / "run", whole[0].recipe())
    assert history(resumed) == history(whole[0])
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, whole[1].state_dict()[key])


def test_networks_no_better_than_chance_are_told(tmp_path: Path) -> None:
    lazy = recipe(over="networks", rounds=2).model_copy(update={"epochs": 1})
    nonsense = Part(np.zeros_like(TRAIN.images), np.arange(60) % 3)
    run = Run.create(tmp_path / "run", lazy, Manifest.build([], [], ["a", "b", "c"]), {})
    with pytest.raises(RunError, match="learner 1 is no better than chance"):
        fit_network(run, lazy, 3, nonsense, VAL)


def test_a_boosted_run_is_no_start(whole: tuple[Run, Network]) -> None:
    network = create_network("vanilla_cnn", classes=3, input_size=16, pretrained=False)
    with pytest.raises(RecipeError, match="many networks that vote"):
        start_from(str(whole[0].folder), network, ["a", "b", "c"])


def test_trees_on_features_vote_and_are_read_again(tmp_path: Path) -> None:
    chosen = recipe(over="features", rounds=12, depth=2, views=2, learning_rate=0.5, random_features=True)
    run, network = fitted(tmp_path / "trees", chosen)
    log = read_boosting(run.folder)
    assert log is not None
    assert isinstance(network.head, TreeVotes)
    assert len(log.rounds) == len(network.head.vote.alphas) == 12
    logits = run_network(network, VAL.images)
    np.testing.assert_array_equal(run_network(open_network(run), VAL.images), logits)
    assert (logits.argmax(1) == VAL.targets).mean() == pytest.approx(log.rounds[-1].ensemble_val_accuracy)
    assert log.rounds[-1].ensemble_val_accuracy > 0.6
    own = create_network("vanilla_cnn", classes=3, input_size=16, pretrained=False)
    assert not start_from(str(run.folder), own, ["a", "b", "c"])  # the backbone fits, the trees are no head of it
