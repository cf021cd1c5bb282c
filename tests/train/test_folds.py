from pathlib import Path

import pytest

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.train.folds import open_folds, val_share
from hemascope.train.recipe import EarlyStopping, Recipe, Schedule
from hemascope.train.run import Run

RECIPE = Recipe(network="test_efficientnet", pretrained=False, folds=2, batch_size=8)
SILENT = EarlyStopping(keep="last", patience=None)


def test_validation_gets_images_of_its_own_where_it_decides_something() -> None:
    assert val_share(RECIPE) == pytest.approx(1 / 9)
    assert val_share(RECIPE.model_copy(update={"early_stopping": SILENT})) == 0
    plateau = {"early_stopping": SILENT, "schedule": Schedule(name="plateau")}
    assert val_share(RECIPE.model_copy(update=plateau)) > 0


def test_folds_are_begun_once_and_found_again(tmp_path: Path) -> None:
    manifest = Manifest.build([f"/{i}.png" for i in range(40)], ["a", "b"] * 20, ["a", "b"], splits=["train"] * 40)
    run = Run.create(tmp_path / "run", RECIPE, manifest, {})
    first = open_folds(run, RECIPE, manifest)
    assert [fold.folder.name for fold in first] == ["1", "2"]
    held_out = [set(fold.manifest().ids[fold.manifest().table["split"] == "test"]) for fold in first]
    assert held_out[0].isdisjoint(held_out[1])
    assert len(held_out[0] | held_out[1]) == 40
    written = (first[0].folder / "run.json").stat().st_mtime_ns
    again = open_folds(run, RECIPE, manifest)
    assert (again[0].folder / "run.json").stat().st_mtime_ns == written
    assert again[0].recipe().folds is None
    for changed in ({"epochs": 3}, {"seed": 1}):
        with pytest.raises(RunError, match="another recipe or another division"):
            open_folds(run, RECIPE.model_copy(update=changed), manifest)
