"""The numbers behind each figure, and that each figure shows them."""

import re

import numpy as np
import pandas as pd
import pytest

from hemascope.errors import RunError
from hemascope.report.class_bars import class_scores, draw_class_scores, draw_counts
from hemascope.report.confusion import confusion, draw_confusion
from hemascope.report.history import COLUMNS, draw_history, read_history
from hemascope.report.reliability import draw_reliability, reliability_curve

MEASURED = {"confusion": [[8, 2, 0], [0, 5, 0], [0, 0, 0]]}
CLASSES = ("monocyte", "platelet", "immature_granulocyte")


def texts(figure: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def test_confusion_counts_and_shares():
    matrix = confusion(MEASURED)
    assert matrix.counts.tolist() == MEASURED["confusion"]
    assert matrix.shares[0].tolist() == [0.8, 0.2, 0.0]
    assert np.isnan(matrix.shares[2]).all()


def test_confusion_figure():
    figure = draw_confusion(confusion(MEASURED), CLASSES)
    shown = texts(figure)
    assert {"8", "80%", "2", "20%", "5", "100%", "Immature granulocyte"} <= set(shown)
    assert "0" not in shown  # empty cells stay empty
    assert "13 of 15 images right. Commonest mistakes: 2 Monocyte taken for Platelet." in figure


@pytest.mark.parametrize("k", [2, 20])
def test_confusion_of_few_and_of_many_classes(k):
    counts = np.eye(k, dtype=int) * 7
    assert texts(draw_confusion(confusion({"confusion": counts.tolist()}), tuple(f"c{i}" for i in range(k)))).count(
        "7"
    ) == (k)


def test_reliability_curve_keeps_filled_bins():
    part = {"ece": 0.05, "confidence": [None, 0.5, 0.9], "accuracy": [None, 0.4, 1.0], "count": [0, 5, 10]}
    curve = reliability_curve({"after": part}, "after")
    assert curve.confidence.tolist() == [0.5, 0.9]
    assert curve.images.tolist() == [5, 10]
    figure = draw_reliability(curve._replace(ece=0.1), curve)
    assert "error 0.1000 before, 0.0500 after" in figure
    assert {"before", "after temperature", "confidence"} <= set(texts(figure))


def history_file(path, **columns):
    table = {name: np.linspace(0.1, 0.5, 3) for name in COLUMNS}
    pd.DataFrame({**table, "epoch": [1, 2, 3], **columns}).to_csv(path, index=False)
    return path


def test_history(tmp_path):
    path = history_file(tmp_path / "history.csv", val_accuracy=[0.5, 0.9, 0.8], seconds=[10, 10, 10.5])
    history = read_history(path)
    assert history is not None
    assert history.best_epoch == 2
    assert history.seconds == 30.5
    figure = draw_history(history)
    assert "over 3 epochs. Best validation accuracy 0.9000 in epoch 2." in figure
    assert {"train", "val", "accuracy", "loss", "learning rate", "epoch"} <= set(texts(figure))


def test_history_without_validation_or_with_one_epoch(tmp_path):
    history = read_history(history_file(tmp_path / "a.csv", val_accuracy=[np.nan] * 3, val_loss=[np.nan] * 3))
    assert history is not None
    assert history.best_epoch is None
    assert "Best" not in draw_history(history)
    one = read_history(tmp_path / "a.csv")
    assert one is not None
    assert draw_history(one._replace(table=one.table.head(1)))


def test_history_absent_empty_or_foreign(tmp_path):
    assert read_history(tmp_path / "none.csv") is None
    (tmp_path / "head.csv").write_text(",".join(COLUMNS) + "\n")
    assert read_history(tmp_path / "head.csv") is None
    (tmp_path / "bad.csv").write_text("epoch,loss\n1,2\n")
    with pytest.raises(RunError, match=r"bad\.csv: the history lacks the columns train_loss"):
        read_history(tmp_path / "bad.csv")


def test_class_scores_leave_out_what_was_not_measured():
    part = {"f1": {"value": 0.9, "low": 0.8, "high": 0.95}}
    none = {"f1": {"value": None, "low": None, "high": None}}
    scores = class_scores({"classes": {"monocyte": part, "platelet": none}})
    assert scores.names == ("monocyte",)
    assert (scores.value[0], scores.low[0], scores.high[0]) == (0.9, 0.8, 0.95)
    figure = draw_class_scores(scores)
    assert "F1 by class: Monocyte 0.900." in figure
    assert {"80%", "100%"} <= set(texts(figure))


def test_counts():
    counts = pd.DataFrame({"train": [30, 20], "val": [3, 2]}, index=["monocyte", "platelet"])
    figure = draw_counts(counts)
    assert "Monocyte 33, Platelet 22" in figure
    assert {"train", "val"} <= set(texts(figure))
