"""What a Run tells of itself in Python and in a notebook."""

from pathlib import Path

import pytest

from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise, write_metrics
from hemascope.train.run import Run
from tests.report.conftest import draw_images, write_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    found = Run(write_run(tmp_path / "run & more", draw_images(tmp_path / "images", 80)))
    write_metrics(found.metrics_file, summarise(Predictions.read(found.predictions_file), resamples=20))
    return found


def test_its_files_as_tables(run: Run) -> None:
    metrics, predictions = run.metrics, Predictions.read(run.predictions_file)
    assert list(metrics.columns) == ["split", "score", "value", "low", "high"]
    for split in predictions.splits:
        part = predictions.of(split)
        ours = metrics[(metrics["split"] == split) & (metrics["score"] == "accuracy")].iloc[0]
        assert ours["value"] == pytest.approx((part.predicted == part.targets).mean())
        assert ours["low"] <= ours["value"] <= ours["high"]
    assert len(run.predictions) == len(predictions.table)
    assert list(run.history["epoch"]) == list(range(1, len(run.history) + 1))
    assert {"train_loss", "val_accuracy", "seconds"} <= set(run.history)


def test_a_notebook_shows_scores_and_files(run: Run) -> None:
    shown = run._repr_html_()
    assert "<th>Score</th>" in shown
    assert "<td>Balanced accuracy</td>" in shown
    assert all(f"{split}, " in shown for split in run.metrics["split"].unique())
    assert "run &amp; more/report.html" in shown
    assert "run &amp; more/model.onnx" in shown
    assert "& " not in shown.replace("&amp; ", "")


def test_what_is_not_finished_says_so(tmp_path: Path) -> None:
    run = Run(tmp_path / "begun")
    for name in ("metrics", "predictions", "history"):
        with pytest.raises(RunError, match=r"not finished.*train --resume"):
            getattr(run, name)
    assert "not finished" in run._repr_html_()
