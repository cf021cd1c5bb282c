import json

import numpy as np
import pytest
from sklearn import metrics as sk

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions, softmax
from hemascope.evaluate.summary import read_metrics, summarise, write_metrics

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
        with pytest.raises(RunError, match=r"not a readable metrics file.*recomputed"):
            read_metrics(path)
    path.write_text('{"format_version": 9, "splits": {}}')
    with pytest.raises(RunError, match="format 9 are not known"):
        read_metrics(path)
