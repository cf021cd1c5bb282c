from pathlib import Path

import pytest

import hemascope
from hemascope.cli import main
from hemascope.pipeline.export import Exported
from hemascope.pipeline.export import export as export_file
from hemascope.pipeline.train import train
from hemascope.train.recipe_files import load_recipe
from tests.networks import TINY_NETWORK
from tests.told import Told


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    recipe = load_recipe("demo", ["limit=64", "epochs=1", "input_size=32", "batch_size=16", *TINY_NETWORK])
    train("synthetic", recipe, output=folder)
    return folder


def export(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["export", *map(str, arguments)])
    return int(end.value.code or 0)


def test_whole_and_in_eight_bits(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(run, "-o", tmp_path / "whole.onnx") == 0
    assert (tmp_path / "whole.onnx").read_bytes() == (run / "model.onnx").read_bytes()
    assert export(run, "-o", tmp_path / "small.onnx", "--int8") == 0
    assert "MB" in capsys.readouterr().out
    small, whole = hemascope.load(tmp_path / "small.onnx"), hemascope.load(run)
    assert small.path.stat().st_size < 0.4 * whole.path.stat().st_size
    assert (small.card.name, small.card.classes) == ("small", whole.card.classes)
    assert small.card.scores.keys() == whole.card.scores.keys()
    assert small.card.scores["accuracy"]["images"] == whole.card.scores["accuracy"]["images"]


def test_the_smaller_file_is_scored_anew_and_shown(run: Path, tmp_path: Path) -> None:
    told = Told()
    small = export_file(run, tmp_path / "small.onnx", int8=True, progress=told)
    assert ("scoring on held-out images", None) in told.steps
    assert small.metrics is not None
    assert small.lines[0].startswith("Accuracy on test: ")
    assert small.lines[1].startswith(f"Model file: {tmp_path / 'small.onnx'} (")
    assert small.lines[0] in small._repr_html_()
    assert export_file(run, str(tmp_path / "whole.onnx")).metrics is None


def test_an_accuracy_without_an_interval_stands_alone(run: Path) -> None:
    for low, high, said in ((None, None, "100%"), (0.9, 1.0, "100% [90.0–100]")):  # noqa: RUF001
        metrics = {"splits": {"test": {"scores": {"accuracy": {"value": 1.0, "low": low, "high": high}}}}}
        assert Exported(run / "model.onnx", metrics).lines[0] == f"Accuracy on test: {said}"


def test_what_cannot_be_exported_is_said(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(run, "-o", tmp_path / "model.pt") == 2
    assert "ends in .onnx" in capsys.readouterr().err
    assert export(tmp_path, "-o", tmp_path / "small.onnx", "--int8") == 2
    assert "not a Run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
