import csv
import json
import shutil
from pathlib import Path

import pytest

import hemascope
from hemascope.errors import RunError
from hemascope.pipeline.tune import tune
from hemascope.pipeline.tune_augment import tune_augment
from hemascope.train.recipe_files import load_recipe
from tests.told import Told

OLD = Path(__file__).parents[1] / "fixtures" / "v0.1.0"
"""Searches that release 0.1.0 began, three trials long, and that were killed in trial 4."""

TINY = {"network": "test_efficientnet", "pretrained": False, "batch_size": 16, "precision": "fp32", "ema": None}
SIZE = {"train_images": 64, "val_images": 40, "size": 32, "epochs": 3}
SEARCH = {
    "optimizer.learning_rate": {"low": 0.0001, "high": 0.03, "log": True},
    "head.dropout": {"low": 0, "high": 0.5},
}


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """Copies of the searches, to go on with."""
    for name in ("search", "search_augment"):
        shutil.copytree(OLD / name, tmp_path / name)
    return tmp_path


def rows(folder: Path) -> list[dict[str, str]]:
    """The table of a search, but for the seconds."""
    with (folder / "trials.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def test_a_search_that_release_0_1_0_began_goes_on_as_it_would_have(begun: Path) -> None:
    recipe = load_recipe("demo", [*(f"{key}={json.dumps(value)}" for key, value in TINY.items())])
    changes = [
        "optimizer.learning_rate=0.0003",
        *(f"search.{key}={json.dumps(known)}" for key, known in SEARCH.items()),
    ]
    told = Told()
    given = tune(
        "synthetic:160", recipe, output=begun / "search", set=changes, trials=5, test_images=40, **SIZE, progress=told
    )
    before = rows(OLD / "search")
    assert rows(begun / "search")[:4] == before
    assert [line.split()[1] for line in told.said if line.startswith("trial")] == ["5", "6"]
    # What release 0.1.0 tried when it was left alone: trial 4, which was killed, and the one after it.
    assert [trial.values["optimizer.learning_rate"] for trial in given.found.trials[4:]] == pytest.approx(
        [0.001482087860272561, 0.00113938128765135], rel=1e-12
    )
    assert [trial.folder.name for trial in given.found.trials] == ["0000", "0001", "0002", "0003", "0004", "0006"]
    assert given.found.chosen.number == 1
    assert given.recipe.optimizer.learning_rate == load_recipe(OLD / "search" / "recipe.yaml").optimizer.learning_rate
    assert load_recipe(given.recipe_file) == given.recipe
    old, new = (json.loads((folder / "search" / "tuning.json").read_text()) for folder in (OLD, begun))
    assert list(new) == list(old)
    assert {key: old[key] for key in ("format_version", "monitor", "epochs", "size", "images", "chosen", "values")} == {
        key: new[key] for key in ("format_version", "monitor", "epochs", "size", "images", "chosen", "values")
    }
    shown = given._repr_html_()
    assert "<td>optimizer.learning_rate</td><td>0.0003</td><td>0.0258</td>" in shown
    gain = given.found.measured["test"].gain["accuracy"]
    assert f"{100 * gain.value:+.2f} [{100 * gain.low:+.2f} to {100 * gain.high:+.2f}]" in shown
    with pytest.raises(RunError, match=r"other settings \(images\)"):
        tune("synthetic:160", recipe, output=begun / "search", set=changes, trials=5, test_images=30, **SIZE)


def test_a_search_for_augmentation_that_release_0_1_0_began_goes_on_as_it_would_have(begun: Path) -> None:
    given = tune_augment(
        "synthetic:160",
        "demo",
        output=begun / "search_augment",
        set={**TINY, "optimizer.learning_rate": 0.02},
        trials=5,
        copies=2,
        pseudo_policy="fixed,rand",
        **SIZE,
    )
    renewed = {"clean_low", "clean_high"}  # a proportion's interval, which 0.1.0 bootstrapped
    old, new = (
        [{name: value for name, value in row.items() if name not in renewed} for row in rows(folder / "search_augment")]
        for folder in (OLD, begun)
    )
    # There the strength `clean` had overwritten the accuracy of that name.
    assert [{name.removeprefix("augment."): value for name, value in row.items()} for row in new[:4]] == old
    assert [trial.number for trial in given.found.trials] == list(range(6))
    # What release 0.1.0 tried when it was left alone.
    assert [trial.values["geometry"] for trial in given.found.trials[4:]] == pytest.approx(
        [0.47267526681185623, 0.4265714004258906], rel=1e-12
    )
    for name in ("augment.yaml", "recipe.yaml"):
        assert load_recipe(begun / "search_augment" / name).augment == given.policy
    old, new = (json.loads((folder / "search_augment" / "tuning.json").read_text()) for folder in (OLD, begun))
    assert list(new) == list(old)
    shown = given._repr_html_()
    assert "<th>Trial 0</th>" in shown
    assert "The recipe&#x27;s own augmentation stays: of the others tried (5) none beats it." in shown


def test_the_searches_are_part_of_the_interface() -> None:
    assert hemascope.tune is tune
    assert hemascope.tune_augment is tune_augment
