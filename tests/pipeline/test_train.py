"""The main job end to end on drawings: every recipe, a real kill, repeatability."""

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import hemascope
from hemascope.data.manifest import Manifest
from hemascope.data.smears import draw
from hemascope.errors import RecipeError, RunError, SourceError
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import read_metrics, summarise
from hemascope.models.network import create_network
from hemascope.pipeline.checks import check_model_size
from hemascope.pipeline.division import divided
from hemascope.pipeline.finish import unlike_of_test
from hemascope.pipeline.parts import example_image
from hemascope.pipeline.train import resume, train
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe, shipped
from hemascope.train.run import Run
from tests.networks import TINY_NETWORK
from tests.pipeline.conftest import tiny

# Small, yet with everything that a resumed training must take up again: averages, plateau schedule, augmentation.
TINY = [
    *TINY_NETWORK,
    "input_size=32",
    "batch_size=16",
    "epochs=4",
    "schedule.name=plateau",
    "schedule.patience=0",
    "head.dropout=0.2",
    "tta=true",
    "tta_steps=2",
    "logger=csv",
    "micrometres=21",
]
SOURCE = "synthetic:120"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return train(SOURCE, load_recipe("demo", TINY), output=folder)


def test_a_run_holds_all_that_it_promises(finished: Run) -> None:
    names = {path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()}
    assert names == {
        "checkpoints/best.pt", "checkpoints/final.pt", "checkpoints/last.ckpt", "history.csv", "manifest.parquet",
        "metrics.json", "model.onnx", "predictions.parquet", "recipe.yaml", "report.html", "run.json",
        "tta.json", "logs/tracker.json", "logs/csv/hparams.yaml", "logs/csv/metrics.csv",
    }  # fmt: skip
    predictions = Predictions.read(finished.predictions_file)
    assert read_metrics(finished.metrics_file) == summarise(predictions)
    assert set(predictions.splits) == {"val", "test"}
    assert len(finished.history_file.read_text().splitlines()) == 5


def test_weights_without_a_run_are_not_gone_on_with(tmp_path: Path) -> None:
    left = Run(tmp_path / "left")
    left.final_weights.parent.mkdir(parents=True)
    left.final_weights.touch()
    with pytest.raises(RunError, match=r"never began.*Delete .*checkpoints"):
        train(SOURCE, load_recipe("demo", TINY), output=left.folder)


def test_the_model_file_says_what_the_run_predicted(finished: Run) -> None:
    predictions = Predictions.read(finished.predictions_file)
    classifier = hemascope.load(finished.folder)
    for row, member in enumerate(predictions.table["member"][:12]):
        said = classifier(draw(0, int(member)).image)
        np.testing.assert_allclose(list(said.probabilities.values()), predictions.probabilities[row], atol=1e-3)
    assert classifier.card.scores["accuracy"]["split"] == "test"
    assert "medical device" in classifier.card.limits
    assert classifier.card.data["micrometres"] == 21
    assert np.shape(classifier.card.look["colours"]) == (len(classifier.classes), 3)


def test_a_test_part_unlike_the_training_is_told(finished: Run) -> None:
    card, predictions = hemascope.load(finished.folder).card, Predictions.read(finished.predictions_file)
    like = np.array(card.look["colours"])[predictions.probabilities.argmax(axis=1)]
    assert unlike_of_test(card, predictions, like) is None
    assert unlike_of_test(card, predictions, None) is None
    found = unlike_of_test(card, predictions, like - 100)
    assert found is not None
    val = predictions.table["split"] == "val"
    assert unlike_of_test(card, predictions, like - 100 * val.to_numpy()[:, None]) is None  # it calibrates


def test_its_network_in_torch_gives_what_its_model_file_gives(finished: Run) -> None:
    module, classifier = finished.torch(), hemascope.load(finished.model_file, device="cpu")
    image = draw(5, 0, 48).image[:, 4:]
    with torch.inference_mode():
        logits = module([torch.from_numpy(image).permute(2, 0, 1)])
    np.testing.assert_allclose(logits.softmax(1).numpy(), classifier.probabilities(image[None]), atol=5e-3)
    assert module.classes == classifier.classes


def test_killed_and_resumed_on_another_machine_ends_as_uninterrupted(
    finished: Run, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "first"))
    url = f"{bucket.url}/killed"
    settings = [word for override in TINY for word in ("--set", override)]
    command = [sys.executable, "-m", "hemascope.cli", "train", SOURCE, "--recipe", "demo", *settings, "-o", url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def kill(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("/killed/checkpoints/last.ckpt"):
            process.kill()

    bucket.proxy.answered = kill
    said = process.communicate(timeout=250)[1]
    assert process.returncode == -signal.SIGKILL, said
    assert "killed/checkpoints/last.ckpt" in bucket.keys
    assert not {"killed/checkpoints/final.pt", "killed/metrics.json"} & set(bucket.keys)
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "second"))
    resumed = resume(url)
    assert {"killed/checkpoints/final.pt", "killed/metrics.json", "killed/model.onnx"} < set(bucket.keys)
    ours, theirs = (Predictions.read(run.predictions_file) for run in (resumed, finished))
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-3)
    without_seconds = [
        [line.rpartition(",")[0] for line in run.history_file.read_text().splitlines()] for run in (resumed, finished)
    ]
    assert without_seconds[0] == without_seconds[1]
    told = [pd.read_csv(run.folder / "logs" / "csv" / "metrics.csv") for run in (resumed, finished)]
    assert told[0]["step"].tolist() == told[1]["step"].tolist() == [1, 2, 3, 4, 4]
    accuracy = finished.metrics.set_index(["split", "score"])["value"]["test", "accuracy"]
    assert told[1]["test_accuracy"].iloc[4] == pytest.approx(accuracy)


def test_the_same_seed_gives_the_same_result(finished: Run, tmp_path: Path, quick_finish: Any) -> None:
    again = train(SOURCE, load_recipe("demo", TINY), output=tmp_path / "again")
    ours, theirs = (Predictions.read(run.predictions_file) for run in (again, finished))
    np.testing.assert_array_equal(ours.logits, theirs.logits)


def test_resuming_a_finished_run_changes_no_score(finished: Run) -> None:
    before = finished.metrics_file.read_text()
    resume(finished.folder)
    assert finished.metrics_file.read_text() == before


# The recipes of the larger networks take a step each in tests/train/test_recipe_steps.py.
@pytest.mark.parametrize("name", [name for name in shipped() if load_recipe(name).network == Recipe().network])
def test_every_shipped_recipe_runs(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, ["epochs=1", "input_size=32", "limit=64", "batch_size=16"])
    run = train("synthetic:64", recipe, output=tmp_path / name)
    assert run.report_file.stat().st_size > 10_000
    assert hemascope.load(run.model_file).card.name == name


def test_a_folder_with_a_run_is_not_overwritten(finished: Run) -> None:
    with pytest.raises(RunError, match="--resume"):
        train(SOURCE, load_recipe("demo", TINY), output=finished.folder)


def test_a_bad_recipe_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no network is called"):
        train(SOURCE, load_recipe("demo", ["network=nonet"]), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_is_no_run_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run\.json"):
        resume(tmp_path)


def test_the_example_image_is_one_of_the_runs(finished: Run) -> None:
    path = example_image(finished)
    assert hemascope.load(finished.folder)(path).label in finished.manifest().classes
    path.unlink()


def made(*splits: str) -> Manifest:
    n = 40 * len(splits)
    names = [name for name in splits for _ in range(40)]
    return Manifest.build([f"/{i}.png" for i in range(n)], ["a", "b"] * (n // 2), ["a", "b"], splits=names)


def counts(manifest: Manifest) -> dict[str, int]:
    return manifest.table["split"].value_counts().to_dict()


def test_no_test_trains_on_the_test_part() -> None:
    assert counts(divided(made("", "", "", "", ""), tiny("no_test=true"))) == {"train": 180, "val": 20}
    assert counts(divided(made("train", "val", "test"), tiny("no_test=true"))) == {"train": 80, "val": 40}
    assert counts(divided(made("train", "test"), tiny("no_test=true")))["val"] == 8


def test_folds_keep_a_test_part_and_divide_the_rest() -> None:
    assert counts(divided(made("", "", "", "", ""), tiny("folds=3"))) == {"train": 180, "test": 20}
    assert counts(divided(made("train", "val", "test"), tiny("folds=3"))) == {"train": 80, "test": 40}
    assert counts(divided(made(""), tiny("folds=3", "fractions=[0.9,0.1,0]"))) == {"train": 40}


def test_bad_combinations_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="leave out no_test"):
        tiny("folds=3", "no_test=true")
    with pytest.raises(RecipeError, match="tta with folds"):
        divided(made(""), tiny("folds=3", "tta=true", "fractions=[0.9,0.1,0]"))
    with pytest.raises(SourceError, match="20 folds want 20 images of every class"):
        train("synthetic:96", tiny("folds=20"), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_folds_without_validation_images_of_their_own_are_refused() -> None:
    few = made("").rows(np.arange(8))
    with pytest.raises(RunError, match=r"too few images for 2 folds .* fold 1 would have none"):
        divided(few, tiny("folds=2", "fractions=[0.9,0.1,0]"))
    unwatched = ["early_stopping.keep=last", "early_stopping.patience=null"]
    assert counts(divided(few, tiny("folds=2", "fractions=[0.9,0.1,0]", *unwatched))) == {"train": 8}


def test_copies_count_once() -> None:
    manifest = made("").with_columns(group=np.where(np.arange(40) % 2, 1, -1))
    with pytest.raises(SourceError, match=r"groups of copies .* 'b' has 1 .* Leave folds out"):
        divided(manifest, tiny("folds=3"))


def test_a_model_file_that_no_reader_takes_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create_network("test_efficientnet", classes=2, input_size=32, pretrained=False)
    check_model_size(tiny("folds=3"), network)
    monkeypatch.setattr("hemascope.pipeline.checks._LARGEST", 1_000_000)
    with pytest.raises(RecipeError, match="or fewer folds"):
        check_model_size(tiny("folds=3"), network)
    check_model_size(tiny(), network)
    with pytest.raises(RecipeError, match=r"9 x test_efficientnet .* or fewer boosting\.rounds"):
        check_model_size(tiny("boosting.over=networks", "boosting.rounds=9"), network)
    check_model_size(tiny("boosting.over=features", "boosting.random_features=true", "boosting.rounds=9"), network)


def test_what_would_not_fit_into_memory_when_written_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create_network("test_efficientnet", classes=2, input_size=32, pretrained=False)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=5_000_000))
    check_model_size(tiny(), network)
    with pytest.raises(RecipeError, match="GiB of memory to write"):
        check_model_size(tiny("folds=3"), network)
