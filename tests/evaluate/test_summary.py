import json

import numpy as np
import pytest
from sklearn import metrics as sk

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions, softmax
from hemascope.evaluate.proportion import share_interval
from hemascope.evaluate.summary import fold_scores, read_metrics, summarise, write_metrics

from .conftest import predictions_for


def test_every_split_is_measured_on_its_own():
    predictions = predictions_for(300, margin=4.0, splits=("train", "val", "test"), temperature=1.5)
    summary = summarise(predictions, resamples=50)
    assert list(summary["splits"]) == ["train", "val", "test"]
    test = predictions.of("test")
    measured = summary["splits"]["test"]
    assert measured["images"] == 100
    assert measured["scores"]["accuracy"]["value"] == pytest.approx((test.targets == test.predicted).mean())
    assert measured["confusion"] == sk.confusion_matrix(test.targets, test.predicted, labels=range(8)).tolist()
    assert measured["classes"]["monocyte"]["support"] == (test.table["true"] == "monocyte").sum()
    assert summary["temperature"] == measured["calibration"]["temperature"] == 1.5


def test_calibration_before_and_after():
    predictions = predictions_for(500, margin=3.0, temperature=0.4)
    calibration = summarise(predictions, resamples=10)["splits"]["val"]["calibration"]
    raw = softmax(predictions.logits)
    assert calibration["before"]["nll"] == pytest.approx(sk.log_loss(predictions.targets, raw, labels=range(8)))
    after = sk.log_loss(predictions.targets, predictions.probabilities, labels=range(8))
    assert calibration["after"]["nll"] == pytest.approx(after)
    assert sum(calibration["after"]["count"]) == 500


def test_can_be_recomputed_from_the_table_and_survives_json(tmp_path):
    predictions = predictions_for(120)
    predictions.write(tmp_path / "predictions.parquet")
    summary = summarise(predictions, resamples=50)
    write_metrics(tmp_path / "metrics.json", summary)
    again = summarise(Predictions.read(tmp_path / "predictions.parquet"), resamples=50)
    assert again == summary == read_metrics(tmp_path / "metrics.json")


def test_absent_classes_and_images_that_cannot_be_scored():
    rows = Manifest.build(list("abcd"), ["x", "x", "", "other"], ["x", "y"], splits=["val"] * 3 + ["val"])
    summary = summarise(Predictions.build(rows, np.eye(2)[[0, 0, 1, 1]]), resamples=10)["splits"]["val"]
    assert (summary["images"], summary["unlabelled"], summary["unknown_labels"]) == (2, 1, 1)
    assert summary["absent"] == ["y"]
    assert summary["classes"]["y"]["recall"] == {"value": None, "low": None, "high": None}
    json.dumps(summary, allow_nan=False)


def test_splits_without_labels_are_left_out():
    rows = Manifest.build(["a"], [""], ["x", "y"], splits=["test"])
    assert summarise(Predictions.build(rows, np.zeros((1, 2))))["splits"] == {}


def test_a_metrics_file_that_is_broken_or_newer(tmp_path):
    path = tmp_path / "metrics.json"
    for text in ("{", "[]", '{"format_version": 1}'):
        path.write_text(text)
        with pytest.raises(RunError, match=r"metrics file cannot be read.*recomputed"):
            read_metrics(path)
    path.write_text('{"format_version": 9, "splits": {}}')
    with pytest.raises(RunError, match=r"newer hemascope, in format 9 \(known here: up to 1\)"):
        read_metrics(path)


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    labels = ["a", "b"] * 12
    rows = Manifest.build([f"/{i}" for i in range(24)], labels, ["a", "b"], splits=["val"] * 20 + ["test"] * 4)
    logits = np.where(np.array(labels)[:, None] == np.array(["a", "b"]), 2.0, 0.0)
    logits[0] = logits[0][::-1]  # one of fold 1 is wrong
    return Predictions.build(rows, logits).with_folds(np.repeat([1, 2, 0], [10, 10, 4]))


def test_each_fold_is_scored_alone_and_the_ensemble_left_out(predictions: Predictions) -> None:
    found = fold_scores(predictions)
    assert found is not None
    assert found["images"] == [10, 10]
    accuracy = found["scores"]["accuracy"]
    assert accuracy["values"] == [0.9, 1.0]
    assert accuracy["mean"] == pytest.approx(0.95)
    assert accuracy["std"] == pytest.approx(np.std([0.9, 1.0], ddof=1))
    assert summarise(predictions, resamples=20)["folds"] == found


def test_the_column_outlives_the_file_and_another_temperature(predictions: Predictions, tmp_path) -> None:
    predictions.with_temperature(2.0).write(tmp_path / "p.parquet")
    found = Predictions.read(tmp_path / "p.parquet")
    np.testing.assert_array_equal(found.folds, predictions.folds)
    assert found.of("test").folds.tolist() == [0] * 4
    plain = Predictions(predictions.table.drop(columns="fold"), predictions.classes)
    assert plain.folds is None
    assert "folds" not in summarise(plain, resamples=20)


def test_ten_of_ten_are_not_a_hundred_percent_for_certain(tmp_path) -> None:
    labels = ["a", "b"] * 5
    rows = Manifest.build([f"/{i}" for i in range(10)], labels, ["a", "b"], splits=["val"] * 10)
    right = Predictions.build(rows, np.where(np.array(labels)[:, None] == np.array(["a", "b"]), 2.0, 0.0))
    part = summarise(right, resamples=50)["splits"]["val"]
    assert part["scores"]["accuracy"] == {"value": 1.0, "low": pytest.approx(0.7828, abs=1e-4), "high": 1.0}
    assert part["classes"]["a"]["recall"]["low"] == pytest.approx(share_interval(5, 5).low)
    assert part["scores"]["auc"] == {"value": 1.0, "low": None, "high": None}


def test_a_file_of_release_0_1_0_gets_the_intervals_of_today(tmp_path) -> None:
    score, path = {"value": 1.0, "low": 1.0, "high": 1.0}, tmp_path / "metrics.json"
    named = dict.fromkeys(("precision", "recall", "f1", "auc"), score)
    split = {"scores": {"accuracy": score, "f1": score}, "classes": {"a": {"support": 10, **named}}}
    write_metrics(path, {"splits": {"val": {**split, "confusion": [[10]]}}})
    part = read_metrics(path)["splits"]["val"]
    assert part["scores"]["accuracy"] == share_interval(10, 10).to_json()
    assert part["scores"]["f1"] == part["classes"]["a"]["auc"] == {"value": 1.0, "low": None, "high": None}
    assert part["classes"]["a"]["recall"] == share_interval(10, 10).to_json()
    assert part["classes"]["a"]["support"] == 10


def test_laboratories_are_scored_side_by_side(tmp_path) -> None:
    whole = predictions_for(120, margin=1.5)
    names = np.array(["Lyon", "Pisa", ""])[np.arange(120) % 3]
    predictions = Predictions(whole.table.assign(laboratory=names), whole.classes, whole.temperature)
    predictions.write(tmp_path / "predictions.parquet")
    again = Predictions.read(tmp_path / "predictions.parquet").with_temperature(2.0)
    assert again.laboratories == ("Lyon", "Pisa")
    measured = summarise(again, resamples=20)["splits"]["val"]["laboratories"]
    assert list(measured) == ["Lyon", "Pisa"]
    for name, part in measured.items():
        own = whole.rows(names == name)
        right = int((own.targets == own.predicted).sum())
        assert part["images"] == 40
        assert part["scores"]["accuracy"] == share_interval(right, 40).to_json()
    assert "laboratories" not in summarise(again.of_laboratory("Lyon"), resamples=20)["splits"]["val"]
    assert "laboratories" not in summarise(whole, resamples=20)["splits"]["val"]
