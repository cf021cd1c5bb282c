"""Joining finished trainings: what is refused, the mean of probabilities, the soup."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hemascope.data.smears import draw
from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions, softmax
from hemascope.models.ensemble import Averaged, Shrink
from hemascope.models.network import run_network
from hemascope.pipeline.ensemble import ensemble
from hemascope.pipeline.train import resume, train
from hemascope.train.kinds import open_network
from hemascope.train.run import Run
from hemascope.train.soup import Soup
from tests.pipeline.conftest import finish_quickly, tiny

SOURCE = "synthetic:96"


def trained(folder: Path, *overrides: str) -> Run:
    return train(SOURCE, tiny("epochs=1", *overrides), output=folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hemascope.pipeline.train.finish", finish_quickly)
        first = trained(folder / "first")
        second = trained(folder / "second", "optimizer.learning_rate=0.002")
        large = trained(folder / "large", "input_size=40")
        other = trained(folder / "other", "seed=1")
    return [run.folder for run in (first, second, large, other)]


def test_the_mean_is_scored_on_images_that_are_new_to_all(runs: list[Path], tmp_path: Path, quick_finish: Any) -> None:
    joined = ensemble([Run(runs[0]), runs[2]], str(tmp_path / "joined"))
    run = joined.run
    network = open_network(run)
    assert isinstance(network, Averaged)
    assert (run.recipe().name, run.recipe().input_size) == ("ensemble", 40)
    accuracies = joined.accuracies
    assert list(accuracies["run"]) == [str(runs[0]), str(runs[2]), str(run.folder)]
    assert set(accuracies["split"]) == {"test"}
    test = Predictions.read(run.predictions_file).of("test")
    assert accuracies["value"].iloc[-1] == pytest.approx((test.predicted == test.targets).mean())
    assert f"<td>{run.folder}</td>" in joined._repr_html_()
    assert not (run.folder / "members" / "1" / "model.onnx").exists()
    images = np.stack([draw(0, i, 40).image for i in range(3)])
    small, large = (open_network(Run(folder)) for folder in (runs[0], runs[2]))
    shrunk = Averaged([small, large]).eval()
    np.testing.assert_allclose(run_network(network, images), run_network(shrunk, images), atol=1e-5)
    assert isinstance(shrunk.backbone.shrink[0], Shrink)  # type: ignore[union-attr, index]
    predictions = Predictions.read(run.predictions_file)
    assert list(predictions.table["member"]) == list(Predictions.read(runs[0] / "predictions.parquet").table["member"])
    again = resume(run.folder)
    assert not again.last_checkpoint.exists()  # nothing was trained
    np.testing.assert_array_equal(Predictions.read(again.predictions_file).logits, predictions.logits)


def test_the_soup_is_one_network_no_worse_on_val_than_the_best(
    runs: list[Path], tmp_path: Path, quick_finish: Any
) -> None:
    joined = ensemble(runs[:2], tmp_path / "soup", soup=True)
    run, found = joined.run, joined.soup
    assert found is not None
    assert not isinstance(open_network(run), Averaged)
    assert found.accuracy >= max(found.alone)
    val = Predictions.read(run.predictions_file).of("val")
    assert (val.predicted == val.targets).mean() == pytest.approx(found.accuracy)
    if len(found.taken) == 1:
        best = Predictions.read(runs[found.taken[0]] / "predictions.parquet")
        np.testing.assert_allclose(softmax(val.logits), softmax(best.of("val").logits), atol=1e-5)


def test_what_all_kept_frozen_has_its_statistics_in_the_soup(
    runs: list[Path], tmp_path: Path, quick_finish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(runs[0] / "manifest.parquet")  # its division, so that starting from it leaks nothing
    head = ["epochs=1", "transfer.trainable=head", f"start={runs[0]}"]
    heads = [
        train(source, tiny(*head, *more), output=tmp_path / name).folder
        for name, more in (("one", []), ("two", ["seed=1", "optimizer.learning_rate=0.02"]))
    ]
    monkeypatch.setattr("hemascope.pipeline.ensemble.greedy_soup", lambda *_: Soup((0, 1), (0.5, 0.5), 0.5))
    run = ensemble(heads, tmp_path / "soup", soup=True).run
    before, after = (open_network(Run(folder)).state_dict() for folder in (runs[0], run.folder))
    assert all(torch.equal(value, after[name]) == name.startswith("backbone.") for name, value in before.items())


def test_no_ensemble_goes_into_one_of_its_trainings(runs: list[Path]) -> None:
    with pytest.raises(RunError, match="lies within a training"):
        ensemble(runs[:2], runs[1] / "joined")
    assert not (runs[1] / "joined").exists()


@pytest.mark.parametrize(
    ("which", "problem"),
    [
        ([0], "1 Run is no ensemble"),
        ([0, 0], "named twice"),
        ([0, 3], "have other val images"),
    ],
)
def test_what_cannot_be_scored_is_refused(runs: list[Path], tmp_path: Path, which: list[int], problem: str) -> None:
    with pytest.raises(RunError, match=problem):
        ensemble([runs[i] for i in which], tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_other_networks_are_no_soup(runs: list[Path], tmp_path: Path) -> None:
    changed = Run.open(runs[1])
    text = changed.recipe_file.read_text()
    changed.recipe_file.write_text(text.replace("network: test_efficientnet", "network: test_vit"))
    try:
        with pytest.raises(RunError, match=r"Leave out --soup"):
            ensemble(runs[:2], tmp_path / "soup", soup=True)
    finally:
        changed.recipe_file.write_text(text)


def test_folds_and_unfinished_trainings_are_refused(runs: list[Path], tmp_path: Path) -> None:
    manifest = Run.open(runs[0]).manifest()
    unfinished = Run.create(tmp_path / "unfinished", tiny(), manifest, {})
    with pytest.raises(RunError, match="not finished"):
        ensemble([runs[0], unfinished.folder], tmp_path / "joined")
    folds = Run.create(tmp_path / "folds", tiny("folds=2"), manifest, {})
    folds.model_file.touch()
    with pytest.raises(RunError, match="training of 2 folds"):
        ensemble([runs[0], folds.folder], tmp_path / "joined")
