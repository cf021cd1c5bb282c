"""`hemascope.evaluate` and `hemascope.compare` as a program calls them; see also the tests of the command line."""

import json

import numpy as np
import pytest

import hemascope
from hemascope.cli._evaluate_show import evaluation_lines
from hemascope.errors import HemascopeError
from hemascope.predict.card import ModelCard
from hemascope.predict.unlike import LIMIT, describe
from tests.predict.model import CLASSES, write_model
from tests.progress import Told


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model") / "model.onnx")


def test_scores_come_back_and_nothing_is_printed_or_written(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told = Told()
    found = hemascope.evaluate("synthetic:24", model, progress=told)
    measured = found.metrics["splits"]["all"]
    assert len(found.predictions) == 24
    assert measured["images"] == 9  # of the model's three classes
    assert found.unlike is None  # the model file does not tell
    assert (found.tta, found.shift, found.forecast, found.pseudo, found.report) == (None,) * 5
    assert (found.unread, found.not_scored.images) == (0, 15)  # of the five classes that the model lacks
    assert found.metrics["not_scored"]["images"] == sum(found.metrics["not_scored"]["unknown_labels"].values()) == 15
    assert told.steps == [("scoring", 24)]
    page = found._repr_html_()
    assert "<caption>all: 9 images</caption>" in page
    assert "<td>Balanced accuracy</td>" in page
    assert "<td>Lymphocyte</td>" in page
    assert "Only 9 of the 24 images are scored" in page
    assert '<img alt="Confusion matrix: ' in page
    assert capsys.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_what_was_asked_for_is_drawn_too(model, tmp_path):
    options = {"corruptions": "hue,gamma", "severities": "1", "shift_side": 28}
    copies = {"pseudo_policy": "shift", "pseudo_copies": 1, "pseudo_side": 28}
    told = Told()
    found = hemascope.evaluate(
        "synthetic:24", str(model), output=tmp_path, shift=True, **options, pseudo=True, **copies, tta_steps=2,
        progress=told,
    )  # fmt: skip
    assert [name for name, _ in told.steps] == [
        "scoring", "scoring", "shift suite", "reading images", "pseudo-validation",
    ]  # fmt: skip
    assert found.tta.applied
    assert found.shift.table["corruption"].tolist() == ["clean", "hue", "gamma"]
    assert found.report == tmp_path / "report.html"
    page = found._repr_html_()
    assert "Averaging over 2 views" in page
    assert "Balanced accuracy is" in page
    assert '<img alt="Balanced accuracy, ' in page
    assert "Of transformed copies" in page
    assert str(found.report) in page


def test_images_unlike_those_of_the_calibration_are_told(tmp_path):
    about = describe(np.random.default_rng(0).normal(60, 8, (90, 3)), np.arange(90) % 3, 3)
    card = ModelCard("m", CLASSES, 8, data={"name": "night"}, look=about).to_json()
    model = write_model(tmp_path / "model.onnx", card=card)
    found = hemascope.evaluate("synthetic:24", model, output=tmp_path / "out")
    assert found.unlike.score > LIMIT
    assert "calibrated on (night)" in found.unlike.message
    assert found.unlike.message in found._repr_html_()
    assert found.unlike.message in found.report.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["unlike"]["score"] == found.unlike.score
    assert any(found.unlike.message in str(line) for line in evaluation_lines(found))


def test_what_cannot_be_is_refused_before_any_work(model, tmp_path):
    (tmp_path / "file").write_text("")
    told = Told()
    for options, problem in (
        ({"output": tmp_path / "file"}, "is a file"),
        ({"tta_steps": 1}, "1 views are not between 2 and 40"),
        ({"shift": True, "severities": "9"}, "not numbers from 1 to 5"),
    ):
        with pytest.raises(HemascopeError, match=problem):
            hemascope.evaluate("synthetic:8", model, **options, progress=told)
    assert told.steps == []


def test_two_evaluations_side_by_side(model, tmp_path):
    for name in ("one", "<two>"):
        hemascope.evaluate("synthetic:24", model, output=tmp_path / name)
    told = Told()
    found = hemascope.compare([tmp_path / "one", str(tmp_path / "<two>")], against=tmp_path / "one", progress=told)
    assert told.steps == [("reading Runs", 2)]
    assert told.counts == [1, 2]
    assert (found.reference, found.images) == ("one", 9)
    assert len(found.table()) == 2
    page = found._repr_html_()
    assert "&lt;two&gt;" in page
    assert "Difference from one, points" in page
    with pytest.raises(HemascopeError, match="one Run is named"):
        hemascope.compare([tmp_path / "one"])


def test_laboratories_are_rows(model, tmp_path):
    from hemascope.data.sources import open_source

    source = open_source("synthetic:24")
    source.with_columns(laboratory=["Lyon", "Pisa"] * 12).write(tmp_path / "cells.parquet")
    found = hemascope.evaluate(tmp_path / "cells.parquet", model, by="laboratory", output=tmp_path / "scored")
    page = found._repr_html_()
    assert "<th>Laboratory</th>" in page.replace(' scope="col"', "")
    assert "<td>Lyon</td>" in page
    assert "<td>Lymphocyte</td>" not in page
    report = found.report.read_text()
    assert '<h2 id="laboratories">By laboratory</h2>' in report
    assert "Accuracy by laboratory: Lyon" in report
    with pytest.raises(HemascopeError, match="no split has scored images of two laboratories"):
        hemascope.evaluate("synthetic:24", model, by="laboratory")
    with pytest.raises(HemascopeError, match="scores by 'slide' are not known"):
        hemascope.evaluate("synthetic:24", model, by="slide")
