"""The command: what it hands on, what it refuses, what goes to which stream."""

from pathlib import Path
from typing import Any

import pytest

from hemascope.cli import main
from hemascope.data.remote.delivery import staged
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise, write_metrics
from hemascope.pipeline import train as pipeline
from hemascope.progress import Progress
from hemascope.train.run import Run
from tests.pipeline.conftest import quick_finish  # noqa: F401
from tests.report.conftest import draw_images, write_run


def train(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["train", *map(str, arguments)])
    return int(end.value.code or 0)


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    run = Run(write_run(tmp_path / "run", draw_images(tmp_path / "images", 80)))
    write_metrics(run.metrics_file, summarise(Predictions.read(run.predictions_file), resamples=20))
    return run


def test_a_source_or_a_run_is_wanted_and_not_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train() == 2
    assert train("synthetic", "--resume", tmp_path) == 2
    assert capsys.readouterr().err.count("either a SOURCE of images or --resume RUN") == 2
    for option in (("-r", "demo"), ("--set", "epochs=1"), ("-o", "out")):
        assert train("--resume", tmp_path, *option) == 2
        assert "do not go with it" in capsys.readouterr().err


def test_devices_that_are_not_there_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    for arguments, said in (
        (("--plan", "--devices", 2), "--plan times one device"),
        (("--device", "cuda:99"), "PyTorch sees no such device here"),
        (("--device", "tpu"), "is no device that networks are trained on"),
        (("--device", "cpu", "--num-nodes", 2), "does not know which of the machines it is on"),
    ):
        output = () if "--plan" in arguments else ("-o", tmp_path / "run")
        assert train("synthetic:16", *output, *arguments) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_processes_that_help_say_nothing(
    finished: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "train", lambda *_, **__: finished)
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert train("synthetic:16") == 0
    assert capsys.readouterr().out == ""


def test_what_is_told_while_running_is_no_part_of_the_result(
    finished: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def trained(source: str, recipe: str, *, progress: Progress, **options: Any) -> Run:
        asked.append((source, recipe, options))
        progress.say("epoch 1/1")
        return finished

    monkeypatch.setattr(pipeline, "train", trained)
    assert train("cells", "-r", "quick", "--set", "epochs=1", "-o", "out") == 0
    where = {"on": None, "cores_each": None, "gpus_each": None, "device": None, "devices": None, "num_nodes": 1}
    assert asked == [("cells", "quick", {"set": ["epochs=1"], "output": "out", **where})]
    said = capsys.readouterr()
    assert said.err == "epoch 1/1\n"
    assert "test: " in said.out
    assert f"Report: {finished.report_file}\n" in said.out
    assert f"--model {finished.model_file}\n" in said.out.rpartition("Classify an image: ")[2]


def test_of_a_run_elsewhere_it_says_the_url(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "cache"))
    url = "s3://lab/runs/mine"
    staged(url).parent.mkdir(parents=True)
    finished.folder.rename(staged(url))
    staged(url).with_name(".for").write_text(f"{url}\n")
    monkeypatch.setattr(pipeline, "train", lambda *_, **__: Run(staged(url)))
    assert train("cells", "-o", url) == 0
    said = capsys.readouterr().out
    assert f"Report: {url}/report.html\n" in said
    assert f"--model {url}/model.onnx\n" in said


def test_after_ctrl_c_it_says_how_to_go_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quick_finish: Any,  # noqa: F811
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    small = ["network=test_efficientnet", "pretrained=false", "input_size=32", "batch_size=16", "epochs=1"]
    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "fit_network", stopped)
        assert train("synthetic:96", "-r", "demo", *(f"--set={key}" for key in small), "-o", folder) == 130
    said = capsys.readouterr()
    assert said.err.endswith(f"Stopped. Go on with: hemascope train --resume {folder}\n")
    assert said.out == ""
    assert train("--resume", folder) == 0
