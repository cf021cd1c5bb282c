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
            main(["evaluate", "model.onnx", *arguments])
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
