import json

import numpy as np
import pytest
from PIL import Image

from hemascope.cli import main
from hemascope.data.manifest import Manifest
from hemascope.evaluate.predictions import Predictions
from tests.predict.model import COLOURS, write_model


@pytest.fixture
def evaluate(tmp_path, monkeypatch, capsys):
    """Runs `hemascope evaluate` on a model that tells colours; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_model(tmp_path / "model.onnx")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["evaluate", *arguments, "-m", "model.onnx"])
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


@pytest.fixture
def cells(tmp_path):
    """Ten pictures a class of two sizes, one of them in the wrong folder and one broken."""
    generator = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (tmp_path / "cells" / name).mkdir(parents=True)
        for i in range(10):
            side = 12 + 4 * (i % 2)
            pixels = np.clip(np.array(colour) + generator.integers(-20, 20, (side, side, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "cells" / name / f"{i}.png")
    wrong = tmp_path / "cells" / "basophil" / "0.png"
    wrong.write_bytes((tmp_path / "cells" / "lymphocyte" / "0.png").read_bytes())
    (tmp_path / "cells" / "basophil" / "1.png").write_bytes(b"not a picture")


def test_prints_scores_that_fit_the_terminal(evaluate, cells):
    code, out, _ = evaluate("cells")
    assert code == 0
    assert "29 images" in out
    assert "96.6%" in out  # 28 of 29
    assert "88.9%" in out  # recall of basophil, 8 of 9
    assert "Not scored, because unreadable: 1" in out
    assert max(map(len, out.splitlines())) <= 80


def test_writes_predictions_metrics_and_report(evaluate, cells, tmp_path):
    code, out, _ = evaluate("cells", "-o", "scored")
    assert code == 0
    assert "Report: scored/report.html" in out
    predictions = Predictions.read(tmp_path / "scored" / "predictions.parquet")
    assert len(predictions) == 29
    wrong = predictions.table[predictions.targets != predictions.predicted]
    assert wrong[["true", "label"]].to_numpy().tolist() == [["basophil", "lymphocyte"]]
    metrics = json.loads((tmp_path / "scored" / "metrics.json").read_text())
    assert metrics["splits"]["all"]["scores"]["accuracy"]["value"] == pytest.approx(28 / 29)
    assert (Manifest.read(tmp_path / "scored" / "manifest.parquet").table["error"] != "").sum() == 1
    page = (tmp_path / "scored" / "report.html").read_text()
    assert "On 29 images, 96.6% right" in page
    assert "Basophil<br>→" in page


def test_what_was_not_scored_is_said_in_every_place(evaluate, cells, tmp_path):
    (tmp_path / "cells" / "neutrofil").mkdir()
    for i in range(2, 6):
        picture = (tmp_path / "cells" / "basophil" / f"{i}.png").read_bytes()
        (tmp_path / "cells" / "neutrofil" / f"{i}.png").write_bytes(picture)
    code, out, _ = evaluate("cells", "-o", "scored")
    assert code == 0
    words = " ".join(out.split())
    whole = "Only 29 of the 34 images are scored; the scores say nothing about the other 5."
    label = "Not scored, because the model does not know the label: 4, labelled neutrofil (4)."
    assert whole in words
    assert label in words
    assert max(map(len, out.splitlines())) <= 80
    about = json.loads((tmp_path / "scored" / "metrics.json").read_text())["not_scored"]
    expected = {"given": 34, "images": 5, "unknown_labels": {"neutrofil": 4}, "unlabelled": 0, "unreadable": 1}
    assert about == {**expected, "dropped": 0}
    assert whole in (tmp_path / "scored" / "report.html").read_text()
    (tmp_path / "scored" / "metrics.json").unlink()  # the report makes it anew
    with pytest.raises(SystemExit):
        main(["report", "scored"])
    assert json.loads((tmp_path / "scored" / "metrics.json").read_text())["not_scored"] == about
    assert label in (tmp_path / "scored" / "report.html").read_text()


def test_rows_without_a_label_are_said(evaluate, cells, tmp_path):
    (tmp_path / "some.csv").write_text("path,label\ncells/basophil/2.png,basophil\ncells/basophil/3.png,\n")
    assert "Not scored, because unlabelled: 1." in " ".join(evaluate("some.csv")[1].split())


def test_one_split_only(evaluate, cells, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "cells").rename(tmp_path / "parts" / "val")
    code, out, _ = evaluate("parts", "--split", "val")
    assert code == 0
    assert "val: 29 images" in out
    code, _, err = evaluate("parts", "--split", "test")
    assert code == 2
    assert "no image is in the split 'test'" in err


def test_what_cannot_be_scored_is_said(evaluate):
    code, _, err = evaluate("nowhere")
    assert code == 2
    assert "nowhere: there is no such source" in err


def test_shift_suite_is_told_written_and_reported(evaluate, cells, tmp_path):
    options = ("--severities", "1,5", "--shift-side", "28", "--shift-images", "12", "--corruptions", "light,random")
    code, out, _ = evaluate("cells", "--shift", *options, "-o", "scored")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "balanced accuracy by severity, 12 images at 28 px" in out
    assert "corrupted images a second" in out
    table = (tmp_path / "scored" / "shift.csv").read_text().splitlines()
    assert len(table) == 1 + 1 + 2 * 7
    assert table[1].startswith("clean,0,12,")
    assert json.loads((tmp_path / "scored" / "shift.json").read_text())["severities"] == [1, 5]
    assert "When the images are worse" in (tmp_path / "scored" / "report.html").read_text()

    evaluate("cells", "-o", "scored")
    assert not (tmp_path / "scored" / "shift.csv").exists()
    assert "When the images are worse" not in (tmp_path / "scored" / "report.html").read_text()


def test_shift_suite_by_default_is_medmnist_c_and_random_on_the_split_of_the_report(evaluate, cells, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "cells").rename(tmp_path / "parts" / "val")
    code, out, _ = evaluate("parts", "--shift", "--shift-side", "28", "-o", "scored")
    assert code == 0
    assert "val: balanced accuracy by severity, 29 images at 28 px" in out
    assert "MedMNIST-C's mean balanced error is" in " ".join(out.split())
    summary = json.loads((tmp_path / "scored" / "shift.json").read_text())
    assert len(summary["corruptions"]) == 12
    assert summary["split"] == "val"


def test_shift_options_that_cannot_be(evaluate, cells, tmp_path):
    assert "severities '1,7' are not numbers from 1 to 5" in evaluate("cells", "--shift", "--severities", "1,7")[2]
    assert "'snow' is no corruption" in evaluate("cells", "--shift", "--corruptions", "snow")[2]
    assert "Add --shift." in evaluate("cells", "--shift-images", "5")[2]
    (tmp_path / "plain.csv").write_text("path,label\ncells/basophil/2.png,\n")
    code, _, err = evaluate("plain.csv", "--shift")
    assert code == 2
    assert "no image has a label" in err


def test_unlabelled_folder_gets_a_predicted_score(evaluate, cells, tmp_path):
    (tmp_path / "cells").rename(tmp_path / "labelled")
    (tmp_path / "new").mkdir()
    for i in range(4):
        Image.new("RGB", (20, 16), list(COLOURS.values())[i % 3]).save(tmp_path / "new" / f"{i}.png")
    (tmp_path / "new" / "broken.png").write_bytes(b"not a picture")
    options = ("--shift-side", "28", "--shift-images", "12")
    code, out, err = evaluate("labelled", "--unlabelled", "new", *options, "-o", "scored")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    assert "Predicted accuracy" in words
    assert "1 of its images cannot be read" in words
    assert "each predicted without its family" in words
    forecast = json.loads((tmp_path / "scored" / "forecast.json").read_text())
    assert forecast["unlabelled"]["images"] == 4
    assert forecast["unlabelled"]["name"] == "new"
    assert forecast["local"]["accuracy"]["value"] == pytest.approx(28 / 29)
    assert 'id="forecast"' in (tmp_path / "scored" / "report.html").read_text()

    evaluate("labelled", "-o", "scored")
    assert not (tmp_path / "scored" / "forecast.json").exists()
    assert "nowhere: there is no such source" in evaluate("labelled", "--unlabelled", "nowhere")[2]
