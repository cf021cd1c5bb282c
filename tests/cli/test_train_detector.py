"""The command: what it hands on, what it prints, and that its recipe is told from those of classifiers."""

from pathlib import Path
from typing import Any

import pytest

from hemascope.cli import main
from hemascope.train.recipe_files import TRAIN_DETECTOR, shipped
from tests.pipeline.annotated import quick_fit, write_squares  # noqa: F401


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments)])
    return int(end.value.code or 0)


@pytest.mark.usefixtures("quick_fit")
def test_it_prints_the_scores_and_how_to_count(tmp_path: Path, capsys: Any) -> None:
    source, output = write_squares(tmp_path / "squares"), tmp_path / "run"
    assert run("train-detector", source, "-s", "epochs=1", "--annotated", "white,red,platelet", "-o", output) == 0
    said = capsys.readouterr()
    assert f"Report: {output / 'report.html'}" in said.out
    assert f"hemascope count FIELDS --detector {output / 'detector.onnx'}" in said.out
    assert "White" in said.out
    assert "100%" in said.out
    assert "fields: 4 train, 1 val" in said.err


def test_wrong_usage_is_answered_by_the_remedy(tmp_path: Path, capsys: Any) -> None:
    assert run("train-detector") == 2
    assert "either SOURCES of annotated fields or --resume RUN" in capsys.readouterr().err
    assert run("train", "synthetic:16", "-r", "detector") == 2
    assert "recipe detector is one of hemascope train-detector, not of hemascope train" in capsys.readouterr().err
    assert run("train-detector", tmp_path) == 2
    assert "no annotations that are known" in capsys.readouterr().err


def test_its_recipes_are_listed_and_shown(capsys: Any) -> None:
    assert list(shipped(TRAIN_DETECTOR)) == ["detector"]
    assert "detector" not in shipped()
    assert run("recipes") == 0
    assert "hemascope train-detector SOURCE --recipe detector" in capsys.readouterr().out
    assert run("recipes", "detector") == 0
    assert "red_widths:" in capsys.readouterr().out
