"""Versioned JSON, and every file that release 0.1.0 wrote, read by today's readers."""

import io
import json
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

import hemascope
from hemascope.adapt.metadata import NORMS_KEY, read_norms
from hemascope.audit.findings_file import read_findings_csv
from hemascope.audit.run import read_record
from hemascope.bench.data import HELD_OUT, TRAIN
from hemascope.bench.file import load_bench
from hemascope.bench.outcome import read_outcome
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.data.smears import draw
from hemascope.data.sources import open_source
from hemascope.errors import ModelFileError, RunError
from hemascope.evaluate.compare.hidden import Hidden, read_hidden
from hemascope.evaluate.forecast.forecast import read_forecast
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.pseudo.result import read_pseudo
from hemascope.evaluate.shift.result import read_shift
from hemascope.evaluate.summary import read_metrics, summarise
from hemascope.evaluate.tta import read_tta
from hemascope.formats import parse_versioned, read_versioned, write_versioned
from hemascope.predict.card import ModelCard
from hemascope.predict.journal import Journal
from hemascope.predict.output import read_rows
from hemascope.train.boosting.ledger import read_boosting
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run

OLD = Path(__file__).parent / "fixtures" / "v0.1.0"


def test_what_is_written_is_read(tmp_path):
    file = tmp_path / "a.json"
    assert read_versioned(file, dict, 2, what="a count") is None
    write_versioned(file, {"images": 3, "name": "Zellen für µ"}, 2)
    assert file.read_text(encoding="utf-8") == '{\n "format_version": 2,\n "images": 3,\n "name": "Zellen für µ"\n}\n'
    assert read_versioned(file, dict, 2, what="a count") == {"images": 3, "name": "Zellen für µ"}
    assert read_versioned(file, dict, 3, what="a count") is not None  # a later release reads it too
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_versioned(file, {"score": float("nan")}, 2)


def test_a_newer_file_says_to_upgrade(tmp_path):
    file = tmp_path / "a.json"
    write_versioned(file, {"other": 1}, 9)
    with pytest.raises(RunError) as said:
        read_versioned(file, lambda about: about["images"], 1, what="a count", remedy="Count again.")
    assert said.value.problem == (
        f"{file}: a count was written by a newer hemascope, in format 9 (known here: up to 1)"
    )
    assert said.value.remedy == "Upgrade with: pip install --upgrade hemascope. Count again"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"images": 3}', b'{"format_version": "x"}', b'{"format_version": 1}', b"\xff\xfe"],
)
def test_damage_is_said_with_the_remedy(tmp_path, content):
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(RunError, match=r"a\.json: a count cannot be read \(") as said:
        read_versioned(file, lambda about: about["images"], 1, what="a count", remedy="Count again.")
    assert said.value.remedy == "Count again."


def test_the_kind_of_error_is_the_readers(tmp_path):
    with pytest.raises(ModelFileError, match=r"m\.onnx: its card cannot be read"):
        parse_versioned("{", "m.onnx", dict, 1, what="its card", error=ModelFileError)

    def refuse(about):
        raise ModelFileError("no such class", "Name another.")

    with pytest.raises(ModelFileError, match="no such class"):
        parse_versioned('{"format_version": 1}', "m.onnx", refuse, 1, what="its card", error=ModelFileError)


def versions(value):
    """Every format version in a file's JSON."""
    return {value["format_version"]} if isinstance(value, dict) and "format_version" in value else set()


def test_the_fixtures_are_small_and_hold_no_path_of_a_machine():
    files = [file for file in OLD.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 1_500_000
    for file in files:
        assert not any(
            place in file.read_bytes() for place in (f"{Path.home()}/".encode(), b"/home/", b"/tmp/", b"/Users/")
        ), file


def test_every_summary_of_a_release_carries_its_version():
    without = {
        file.relative_to(OLD).as_posix() for file in OLD.rglob("*.json") if not versions(json.loads(file.read_text()))
    }
    # search.json is compared key by key with what is asked for, adapted.json holds two entries of a model file.
    searches = {f"{name}/search.json" for name in ("augmented", "search", "search_augment", "tuned")}
    assert without == {"adapted.json", *searches}


@pytest.mark.parametrize(
    ("name", "accuracy", "temperature"),
    [("run", 0.375, 0.352548), ("folds", 0.125, 6.665755), ("boosted", 0.6875, 0.05), ("ensemble", 0.3125, 0.126382)],
)
def test_a_run(name, accuracy, temperature):
    run = Run.open(OLD / name)
    assert run.about()["hemascope"] == "0.1.0"
    assert run.about()["source"] == "synthetic:160"
    recipe = run.recipe()
    assert (recipe.network, recipe.epochs, recipe.input_size) == ("vanilla_cnn", 2, 32)
    manifest = run.manifest()
    assert (len(manifest), manifest.classes) == (160, BLOOD_CLASSES)
    assert manifest.table["path"].unique().tolist() == ["synthetic://0"]
    predictions = Predictions.read(run.predictions_file)
    assert predictions.temperature == pytest.approx(temperature, rel=1e-5)
    metrics = read_metrics(run.metrics_file)
    assert metrics["splits"]["test"]["scores"]["accuracy"]["value"] == accuracy
    # The reported scores are what the predictions give, today as then.
    again = summarise(predictions)
    for split, part in metrics["splits"].items():
        assert again["splits"][split]["confusion"] == part["confusion"]
        assert again["splits"][split]["scores"]["accuracy"] == part["scores"]["accuracy"]


def test_folds_members_and_rounds():
    folds = Predictions.read(OLD / "folds" / "predictions.parquet").folds
    assert folds is not None
    assert np.bincount(folds).tolist() == [16, 72, 72]
    assert read_metrics(OLD / "folds" / "metrics.json")["folds"]["images"] == [72, 72]
    assert [run.folder.name for run in Run.open(OLD / "ensemble").members()] == ["1", "2"]
    log = read_boosting(OLD / "boosted")
    assert log is not None
    assert (log.over, log.planned, log.chance, log.stopped) == ("networks", 2, 0.875, "")
    assert [round(each.alpha, 4) for each in log.rounds] == [0.6905, 0.7258]


def test_what_evaluate_wrote():
    shift = read_shift(OLD / "evaluated")
    assert shift is not None
    assert (shift.images, shift.side, shift.severities, len(shift.table)) == (80, 32, (1, 5), 25)
    assert shift.mean_balanced_error == pytest.approx(0.7159091)
    assert shift.worst["corruption"] == "brightness_down"
    assert shift.spread["clean"]["accuracy"].value == pytest.approx(0.3)
    pseudo = read_pseudo(OLD / "evaluated")
    assert pseudo is not None
    assert (pseudo.images, pseudo.copies, pseudo.transforms) == (40, 2, ("wide", "rand", "shift"))
    assert pseudo.score("copies") == pytest.approx((0.275, 0.1625, 0.4003125))
    forecast = read_forecast(OLD / "forecast")
    assert forecast is not None
    assert forecast.local["accuracy"]["value"] == 0.30625
    assert forecast.unlabelled["accuracy"]["low"] == 0.15
    averaged, of_run = read_tta(OLD / "averaged"), read_tta(OLD / "run")
    assert averaged is not None
    assert of_run is not None
    assert (averaged.steps, averaged.images, averaged.applied) == (2, 80, True)
    assert (of_run.plain["accuracy"].value, of_run.applied) == (0.375, False)


def test_what_explain_compare_and_the_searches_wrote():
    explained = read_versioned(OLD / "explained" / "explain.json", dict, 1, what="the study")
    assert explained is not None
    assert (explained["wrong"], len(explained["cases"]), explained["cases"][0]["true"]) == (53, 4, "basophil")
    compared = pd.read_csv(OLD / "compared" / "compare.csv")
    assert compared["accuracy"].tolist() == [0.5625, 0.375]
    tuned = read_versioned(OLD / "tuned" / "tuning.json", dict, 1, what="the search")
    assert tuned is not None
    assert tuned["values"]["optimizer.learning_rate"] == 0.0015
    assert load_recipe(OLD / "tuned" / "recipe.yaml").network == "vanilla_cnn"
    augmented = read_versioned(OLD / "augmented" / "tuning.json", dict, 1, what="the search")
    assert augmented is not None
    assert augmented["checked_on"] == "val with other copies"
    assert load_recipe(OLD / "augmented" / "augment.yaml").augment.zoom == 1.25


def test_what_audit_wrote():
    record = read_record(OLD / "audit")
    assert record is not None
    assert record.audit.findings["kind"].tolist() == ["bright", "bright"]
    assert record.audit.scores.shape == (64, 14)
    assert record.audit.positions.shape == (64, 2)
    findings = read_findings_csv(OLD / "audit" / "findings.csv", record.audit.manifest)
    assert findings["row"].tolist() == [15, 39]
    about = read_versioned(OLD / "audit" / "findings.json", dict, 1, what="the findings")
    assert about is not None
    assert about["counts"] == {"bright": 2}
    assert len(open_source(OLD / "audit" / "cleaned.parquet")) == 64


def test_what_bench_wrote():
    row = OLD / "bench" / "rows" / "tiny"
    outcome = read_outcome(row)
    assert outcome is not None
    assert (outcome.done, outcome.cost.parameters, outcome.settings) == (True, 390472, "cd046a6566f06e37")
    hidden = read_hidden(row)
    assert hidden is not None
    assert hidden[1] == Hidden(side=32, copies=2, seed=0)
    assert len(hidden[0]) == 80
    assert len(Manifest.read(OLD / "bench" / TRAIN)) == 120
    assert len(Manifest.read(OLD / "bench" / HELD_OUT)) == len(Predictions.read(row / "tta.parquet")) == 40
    assert load_bench(OLD / "bench.yaml").rows[0].report == 0.31


@pytest.fixture(scope="module")
def classifier():
    return hemascope.load(OLD / "model.onnx")


def test_a_model_file(classifier):
    card = classifier.card
    assert (card.network, card.input_size, card.hemascope) == ("micro_cell", 32, "0.1.0")
    assert card.scores["accuracy"]["value"] == 0.6875
    before = pd.read_csv(OLD / "predicted.csv")
    images = [draw(7, index, 40).image for index in range(4)]
    now = classifier(images)
    assert [prediction.label for prediction in now] == before["label"][:4].tolist()


def test_an_adapted_model_file():
    metadata = json.loads((OLD / "adapted.json").read_text(encoding="utf-8"))
    card = ModelCard.from_json(json.dumps(metadata["hemascope"]))
    assert card.adapted["images"] == 40
    model = onnx.ModelProto()
    model.metadata_props.add(key=NORMS_KEY, value=json.dumps(metadata[NORMS_KEY]))
    norms = read_norms(model)
    assert len(norms) == 8
    assert all(norm.mean.dtype == np.float32 and (norm.std >= 0).all() for norm in norms.values())


def test_tables_of_predictions_say_the_same_in_every_kind():
    table = pd.read_csv(OLD / "predicted.csv")
    lines = pd.read_json(io.StringIO((OLD / "predicted.jsonl").read_text(encoding="utf-8")), lines=True)
    parquet = pq.read_table(OLD / "predicted.parquet").to_pandas()
    assert table["label"].tolist() == parquet["label"].tolist() == lines["label"].tolist()
    np.testing.assert_allclose(table["neutrophil"], parquet["neutrophil"], rtol=1e-6)
    for kind in ("csv", "jsonl", "parquet"):
        assert [row["error"] for row in read_rows(OLD / f"predicted.{kind}")] == [None] * 40


def test_a_stopped_run_goes_on(classifier, tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    for index in range(40):
        Image.fromarray(draw(7, index, 40).image).save(tmp_path / "cells" / f"{index:02}.png")
    journal = tmp_path / "out.csv.partial"
    journal.write_bytes((OLD / "stopped.csv.partial").read_bytes())
    with Journal.resume(journal, classifier) as begun:
        assert (begun.rows, begun.failed) == (20, 0)
    monkeypatch.chdir(tmp_path)
    from hemascope.cli import main

    with pytest.raises(SystemExit) as end:
        main(["predict", "cells", "-m", str(OLD / "model.onnx"), "-o", "out.csv", "--resume"])
    assert end.value.code == 0
    before, now = pd.read_csv(OLD / "predicted.csv"), pd.read_csv("out.csv")
    assert now["path"].tolist() == before["path"].tolist()
    assert (now["label"] == before["label"]).mean() > 0.9
