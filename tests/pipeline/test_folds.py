"""K-fold end to end on drawings: leaks, resuming, the ensemble that it leaves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hemascope
from hemascope.data.manifest import Manifest
from hemascope.data.smears import draw
from hemascope.data.sources import open_source
from hemascope.errors import RecipeError, RunError, SourceError
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import read_metrics
from hemascope.models.ensemble import Averaged
from hemascope.models.network import run_network
from hemascope.pipeline import folds as folds_module
from hemascope.pipeline.division import val_share
from hemascope.pipeline.folds import open_folds
from hemascope.pipeline.train import resume, train
from hemascope.train.fit import fit
from hemascope.train.kinds import open_network
from hemascope.train.recipe import EarlyStopping, Recipe, Schedule
from hemascope.train.run import Run
from tests.pipeline.conftest import tiny
from tests.progress import Told

SOURCE = "synthetic:96"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(SOURCE, tiny("folds=2"), output=tmp_path_factory.mktemp("runs") / "whole")


def test_every_image_is_scored_by_a_network_that_did_not_see_it(finished: Run) -> None:
    predictions = Predictions.read(finished.predictions_file)
    assert predictions.splits == ("val", "test")
    assert set(predictions.of("val").folds) == {1, 2}
    assert set(predictions.of("test").folds) == {0}
    places = predictions.table["path"] + "#" + predictions.table["member"]
    assert sorted(places) == sorted(open_source(SOURCE).ids)
    for number, fold in enumerate(finished.members(), start=1):
        manifest = fold.manifest()
        learnt = set(manifest.ids[manifest.table["split"].isin(["train", "val"])])
        assert learnt
        assert learnt.isdisjoint(places[predictions.folds == number])
        assert learnt.isdisjoint(places[predictions.folds == 0])
    assert len(read_metrics(finished.metrics_file)["folds"]["images"]) == 2
    assert 'id="folds"' in finished.report_file.read_text()


def test_the_model_file_is_the_mean_of_the_calibrated_folds(finished: Run) -> None:
    classifier = hemascope.load(finished.folder)
    images = np.stack([draw(0, i, 32).image for i in range(4)])
    each = [run_network(open_network(fold), images) for fold in finished.members()]
    temperature = classifier.card.temperature
    expected = np.mean([np.exp(z / temperature) / np.exp(z / temperature).sum(1, keepdims=True) for z in each], axis=0)
    np.testing.assert_allclose(classifier.probabilities(images), expected, atol=1e-3)
    assert isinstance(open_network(finished), Averaged)
    assert classifier.card.network == "2 x test_efficientnet"
    assert classifier.card.scores["accuracy"]["split"] == "test"


def test_stopped_and_resumed_ends_as_uninterrupted(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_finish: Any
) -> None:
    folder, whole = tmp_path / "stopped", folds_module.fit_network

    def stopping(run: Run, *arguments: Any, **options: Any) -> Any:
        def stop(row: dict[str, float]) -> None:
            if run.folder.name == "2":
                raise MemoryError

        return fit(run, *arguments, **options, on_epoch=stop)

    monkeypatch.setattr(folds_module, "fit_network", stopping)
    with pytest.raises(MemoryError):
        train(SOURCE, tiny("folds=2"), output=folder)
    monkeypatch.setattr(folds_module, "fit_network", whole)
    done = Run(folder / "folds" / "1").final_weights.stat().st_mtime_ns
    assert not Run(folder / "folds" / "2").final_weights.exists()
    resumed = resume(folder)
    assert Run(folder / "folds" / "1").final_weights.stat().st_mtime_ns == done
    assert len(Run(folder / "folds" / "2").history_file.read_text().splitlines()) == 3
    ours, theirs = (Predictions.read(run.predictions_file) for run in (resumed, finished))
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-4)
    np.testing.assert_array_equal(ours.folds, theirs.folds)


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


def test_every_laboratory_is_scored_by_a_network_that_never_saw_it(tmp_path: Path) -> None:
    source = open_source("synthetic:72")
    places = np.where(
        source.table["label"] == "platelet", "Oslo", np.array(["Lyon", "Pisa", "Oslo"])[np.arange(72) % 3]
    )
    source.with_columns(laboratory=places).write(tmp_path / "cells.parquet")
    told = Told()
    recipe = tiny("split_by=laboratory", "laboratories.strength=1", "laboratories.absent=hide")
    run = train(tmp_path / "cells.parquet", recipe, output=tmp_path / "run", progress=told)
    assert run.recipe().folds == 2
    assert any("no other laboratory has all its classes: Oslo" in line for line in told.lines)
    assert [fold.about()["laboratory"] for fold in run.members()] == ["Lyon", "Pisa"]
    predictions = Predictions.read(run.predictions_file)
    assert predictions.laboratories == ("Lyon", "Pisa")
    for number, (fold, place) in enumerate(zip(run.members(), predictions.laboratories, strict=True), start=1):
        assert set(predictions.folds[(predictions.table["laboratory"] == place).to_numpy()]) == {number}
        manifest = fold.manifest()
        assert place not in manifest.rows(manifest.part("train", "val")).laboratories
    assert set(read_metrics(run.metrics_file)["splits"]["val"]["laboratories"]) == {"Lyon", "Pisa"}
    page = run.report_file.read_text()
    assert "Each was scored by a network that saw none of its images" in page
    assert "did not count against its images" in page
    with pytest.raises(RecipeError, match="makes 2 folds of this source, folds asks for 3"):
        train(tmp_path / "cells.parquet", tiny("split_by=laboratory", "folds=3"), output=tmp_path / "other")
    with pytest.raises(SourceError, match="name no laboratory"):
        train("synthetic:16", recipe, output=tmp_path / "other")
