import numpy as np
import pytest

from hemascope.data.manifest import Manifest
from hemascope.evaluate.folds import fold_scores
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise


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
