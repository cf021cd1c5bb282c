import json

import pytest

from hemascope.cli import main
from tests.evaluate.conftest import predictions_for


def report(*arguments):
    with pytest.raises(SystemExit) as end:
        main(["report", *map(str, arguments)])
    return end.value.code


def test_writes_the_page_and_says_where(tmp_path, capsys):
    predictions_for(60).write(tmp_path / "predictions.parquet")
    assert report(tmp_path) == 0
    assert capsys.readouterr().out == f"Report: {tmp_path / 'report.html'}\n"
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_recompute_measures_again(tmp_path):
    predictions_for(60).write(tmp_path / "predictions.parquet")
    assert report(tmp_path) == 0
    predictions_for(90).write(tmp_path / "predictions.parquet")
    assert report("--recompute", tmp_path) == 0
    assert json.loads((tmp_path / "metrics.json").read_text())["splits"]["val"]["images"] == 90


def test_a_folder_that_is_no_run(tmp_path, capsys):
    assert report(tmp_path) == 2
    assert "there is no predictions table" in capsys.readouterr().err
