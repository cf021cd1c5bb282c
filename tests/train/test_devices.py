"""A training that two processes share is the one that a single process does, and a lost process ends it in words."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hemascope.augment.policy import Policy
from hemascope.data.manifest import Manifest
from hemascope.errors import DeviceError
from hemascope.train.fit import Part, fit
from hemascope.train.launch import several
from hemascope.train.processes import current
from hemascope.train.recipe import Balance, Laboratories, Optimizer, Recipe, Transfer
from hemascope.train.run import Run

pytestmark = pytest.mark.timeout(900)  # two processes begin, which a busy machine takes its time for

WIDE: Any = {"name": "wide", "clean": 0.3, "noise": 0.2, "salt": 0.02, "degrade": 0.8}
PLAIN: dict[str, Any] = {
    "network": "test_efficientnet", "pretrained": False, "input_size": 32, "epochs": 2, "batch_size": 15,
    "label_smoothing": 0.1, "precision": "fp32",
}  # fmt: skip
RECIPES = {
    "wide": Recipe(**PLAIN, augment=Policy.model_validate(WIDE)),
    "mixed": Recipe(
        **PLAIN,
        mix="mixcut",
        balance=Balance(name="weighted_loss"),
        laboratories=Laboratories(strength=1, absent="hide", colours=0.8),
        optimizer=Optimizer(name="sgd", learning_rate=0.02, l2=1e-3),
        ema=None,
    ),
}
# The head alone, then the rest; of weights that came from nowhere, which a recipe by itself would not freeze.
RECIPES["phases"] = RECIPES["wide"].model_copy(update={"transfer": Transfer(head_epochs=1), "batch_size": 20})
EXACT = ("train_loss", "val_loss")


def part(n: int, seed: int) -> Part:
    rng = np.random.default_rng(seed)
    targets = rng.choice(3, n, p=[0.6, 0.2, 0.2])
    noise = rng.integers(-40, 40, (n, 32, 32, 3))
    images = (80 + 40 * targets[:, None, None, None] + noise).astype(np.uint8)
    return Part(images, targets, np.where(targets == 1, 0, rng.integers(0, 2, n)))


def fitted(folder: Path, recipe: Recipe, on_epoch: Any = None) -> Run:
    fresh = not (folder / "run.json").exists()
    run = Run.create(folder, recipe, Manifest.build([], [], ["a", "b", "c"]), {}) if fresh else Run.open(folder)
    fit(run, recipe, 3, part(60, 0), part(21, 1), on_epoch=on_epoch)  # val leaves one process an image more
    return run


def stop(_: dict[str, float]) -> None:
    raise KeyError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Trainings of every recipe by one process, and by two, of which one is lost in the end."""
    threads, where = torch.get_num_threads(), tmp_path_factory.mktemp("devices")
    torch.set_num_threads(1)
    for name, recipe in RECIPES.items():
        fitted(where / "one" / name, recipe)
    with pytest.raises(KeyError):
        fitted(where / "grown", RECIPES["wide"], stop)
    with several(2) as group:
        assert group is not None
        fitted(where / "grown", RECIPES["wide"])
        for name, recipe in RECIPES.items():
            fitted(where / "two" / name, recipe)

        def lose(_: dict[str, float]) -> None:
            os.kill(next(iter(group._children.values()))._process.pid, signal.SIGKILL)

        with pytest.raises(DeviceError, match=r"device 1 ended \(signal 9"):
            fitted(where / "lost", RECIPES["wide"], lose)
    assert current() is None
    assert not torch.distributed.is_initialized()
    yield where
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_have_the_losses_of_one(folder: Path, name: str) -> None:
    one, two = Run(folder / "one" / name).history, Run(folder / "two" / name).history
    assert len(two) == 2
    np.testing.assert_allclose(two[[*EXACT]], one[[*EXACT]], atol=1e-4)
    np.testing.assert_allclose(two["train_accuracy"], one["train_accuracy"], atol=0.02)


@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_end_with_the_weights_and_statistics_of_one(folder: Path, name: str) -> None:
    one, two = (torch.load(Run(folder / count / name).final_weights) for count in ("one", "two"))
    assert one.keys() == two.keys()
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-2, atol=2e-3, msg=lambda said, key=key: f"{key}: {said}")


def test_a_training_goes_on_with_more_processes(folder: Path) -> None:
    one, grown = Run(folder / "one/wide").history, Run(folder / "grown").history
    np.testing.assert_allclose(grown[[*EXACT]], one[[*EXACT]], atol=1e-4)


def test_a_training_that_lost_a_process_goes_on_with_fewer(folder: Path) -> None:
    run = Run(folder / "lost")
    assert len(run.history) == 1
    fitted(run.folder, RECIPES["wide"])
    np.testing.assert_allclose(run.history[[*EXACT]], Run(folder / "one/wide").history[[*EXACT]], atol=1e-4)
