"""Trackers are told every epoch once, by one run of theirs however often the training was stopped."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hemascope.errors import TrackerError
from hemascope.pipeline.train import train
from hemascope.train import tracking
from hemascope.train.checkpoints import RunKeeper
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run
from hemascope.train.tracking import Tracker, check_tracker, track_end
from tests.told import Told
from tests.train.test_fit import Manifest, fit, part

ROWS = [{"epoch": n, "train_loss": 1 / n, "val_accuracy": 0.5 + n / 10} for n in (1, 2, 3)]
METRICS = {"splits": {"test": {"scores": {"accuracy": {"value": 0.875}, "auc": {"value": None}}}}}
START = 300
"""Seconds for a server to begin."""


def recipe(kind: str) -> dict[str, Any]:
    return load_recipe("demo", [f"logger={kind}"]).model_dump(mode="json")


def told(folder: Path, kind: str) -> tuple[Run, Told]:
    """A Run whose training was stopped after two epochs, went on and was finished; and what was said of it."""
    run, progress = Run(folder / "mine"), Told()
    run.folder.mkdir()
    run.recipe_file.write_text("name: demo\n")
    run.report_file.write_text("<html></html>")
    tracker = Tracker(run, recipe(kind), progress)
    tracker.epochs(ROWS[:1])
    tracker.epochs(ROWS[:2])
    tracker.close("failed")
    with run.history_file.open("w") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)
    track_end(run, recipe(kind), METRICS, progress)
    assert len(progress.said) == 1
    return run, progress


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answer(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()


def wait_for(url: str, process: subprocess.Popen[str], until: Any) -> Any:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if until(found := answer(url)):
                return found
        except OSError:
            pass
        time.sleep(0.2)
    return None


def end(process: subprocess.Popen[str]) -> None:
    """End a server that was begun in a session of its own, with the processes that it began."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def test_nothing_is_done_where_no_tracker_is_named(tmp_path: Path) -> None:
    with Tracker(Run(tmp_path), load_recipe("demo").model_dump(mode="json")) as tracker:
        tracker.epochs(ROWS)
        tracker.end(METRICS, [])
    assert list(tmp_path.iterdir()) == []
    check_tracker(None)


def test_csv_holds_every_epoch_once_and_the_scores(tmp_path: Path) -> None:
    run, progress = told(tmp_path, "csv")
    rows = table(run.folder / "logs" / "csv" / "metrics.csv")
    assert [(row["step"], row["val_accuracy"]) for row in rows[:3]] == [("1", "0.6"), ("2", "0.7"), ("3", "0.8")]
    assert rows[3]["test_accuracy"] == "0.875"
    assert "learning_rate: 0.001" in (run.folder / "logs" / "csv" / "hparams.yaml").read_text()
    assert progress.said == [f"csv: {run.folder / 'logs'}"]


def test_tensorboard_shows_one_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason='pip install "hemascope[trackers]"')
    run, progress = told(tmp_path, "tensorboard")
    folder = run.folder / "logs"
    assert progress.said == [f"tensorboard: tensorboard --logdir {folder}"]
    port = free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", folder, "--port", str(port), "--load_fast=false"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        url = f"http://127.0.0.1:{port}/data/plugin/scalars"
        tags = json.loads(wait_for(f"{url}/tags", process, lambda text: "test_accuracy" in text))
        assert list(tags) == ["tensorboard"]
        values = json.loads(answer(f"{url}/scalars?run=tensorboard&tag=val_accuracy"))
        assert [(step, round(value, 6)) for _, step, value in values] == [(1, 0.6), (2, 0.7), (3, 0.8)]
        values = json.loads(answer(f"{url}/scalars?run=tensorboard&tag=test_accuracy"))
        assert {(step, value) for _, step, value in values} == {(3, 0.875)}
    finally:
        end(process)


def check_mlflow(run: Run, uri: str) -> None:
    """One run there holds it all."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("hemascope")
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_name, found.info.status) == ("mine", "FINISHED")
    assert found.info.run_id == json.loads((run.folder / "logs" / "tracker.json").read_text())["id"]
    assert found.data.params["optimizer/learning_rate"] == "0.001"
    values = client.get_metric_history(found.info.run_id, "val_accuracy")
    assert [(value.step, value.value) for value in values] == [(1, 0.6), (2, 0.7), (3, 0.8)]
    assert found.data.metrics["test_accuracy"] == 0.875
    assert {one.path for one in client.list_artifacts(found.info.run_id)} == {"recipe.yaml", "report.html"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_mlflow_keeps_its_files_in_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason='pip install "hemascope[trackers]"')
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run, _ = told(tmp_path, "mlflow")
    check_mlflow(run, f"sqlite:///{run.folder / 'logs' / 'mlflow.db'}")
    assert list((run.folder / "logs" / "artifacts").rglob("report.html"))


@pytest.fixture
def mlflow_server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server of MLflow's own; the package that only speaks to one, as ours, has none."""
    program = os.environ.get("HEMASCOPE_MLFLOW") or shutil.which("mlflow")
    if program is None:
        pytest.skip("no MLflow with a server here: name its program in HEMASCOPE_MLFLOW")
    port, store = free_port(), tmp_path / "server"
    store.mkdir()
    command = [
        program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{store / 'mlflow.db'}", "--artifacts-destination", str(store / "artifacts"),
    ]  # fmt: skip
    quick = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONPATH": ""}
    environment = {**os.environ, **quick}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with (store / "said").open("w") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, text=True, cwd=store, env=environment, start_new_session=True
        )
        try:
            if wait_for(f"http://127.0.0.1:{port}/health", process, lambda text: text == "OK") is None:
                last = [*(store / "said").read_text().splitlines(), "it said nothing"]
                pytest.skip(f"{program} has no server that begins ({last[-2] if len(last) > 1 else last[0]})")
            yield f"http://127.0.0.1:{port}", process
        finally:
            end(process)


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_server_of_mlflow_is_told_and_may_go(
    mlflow_server: tuple[str, subprocess.Popen[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    uri, process = mlflow_server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    run, progress = told(tmp_path, "mlflow")
    assert progress.said[0].endswith(f" at {uri}")
    check_mlflow(run, uri)
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (tmp_path / "second").mkdir()
    second, progress = Run(tmp_path / "second" / "mine"), Told()
    with Tracker(second, recipe("mlflow"), progress) as tracker:
        tracker.epochs(ROWS[:1])
        end(process)
        tracker.epochs(ROWS[:2])
        tracker.epochs(ROWS)
    assert json.loads((second.folder / "logs" / "tracker.json").read_text())["epochs"] == 1  # the rest is told later
    assert len(progress.said) == 2
    assert progress.said[1].startswith("mlflow takes no more figures")
    track_end(second, recipe("mlflow"), METRICS, progress)
    assert "cannot be reached" in progress.said[2]
    with pytest.raises(TrackerError, match="cannot be reached"):
        Tracker(Run(tmp_path / "third"), recipe("mlflow"))
    assert not (tmp_path / "third").exists()


def test_wandb_works_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason='pip install "hemascope[trackers]"')
    monkeypatch.setenv("WANDB_MODE", "offline")
    run, _ = told(tmp_path, "wandb")
    wandb.teardown()  # as at the end of a process: its service writes what it still holds
    name = json.loads((run.folder / "logs" / "tracker.json").read_text())["id"]
    parts = sorted((run.folder / "logs" / "wandb").glob(f"offline-run-*-{name}/run-{name}.wandb"))
    first, second = (part.read_bytes() for part in parts)  # `wandb sync` joins what has one name
    assert b"val_accuracy" in first
    assert b"test_accuracy" not in first
    assert b"test_accuracy" in second
    assert b"report.html" in second


def test_wandb_wants_to_know_who_you_are(monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason='pip install "hemascope[trackers]"')
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setattr(type(wandb.api), "api_key", None)
    with pytest.raises(TrackerError, match=r"nobody is logged in there\. Log in by `wandb login`"):
        check_tracker("wandb")


def test_what_cannot_be_used_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:secret@127.0.0.1:{free_port()}/x")
    monkeypatch.setattr(tracking, "getproxies", dict)
    for name, reason in (("mlflow", "cannot be reached"), ("tensorboard", "not installed")):
        with pytest.raises(TrackerError, match=reason) as refused:
            train("synthetic:16", "demo", set={"logger": name}, output=tmp_path / "run")
        assert "secret" not in str(refused.value)
        assert not (tmp_path / "run").exists()
        monkeypatch.setattr(tracking, "find_spec", lambda _: None)


def test_a_stopped_training_goes_on_with_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = [
        "network=test_efficientnet", "pretrained=false", "input_size=32", "epochs=3", "batch_size=16", "logger=csv",
    ]  # fmt: skip
    run = Run.create(tmp_path / "run", load_recipe("demo", settings), Manifest.build([], [], ["a", "b", "c"]), {})

    def stopped(keeper: RunKeeper, trainer: Any, *_: Any) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RunKeeper, "on_train_batch_start", stopped)
        with pytest.raises(KeyboardInterrupt):
            fit(run, run.recipe(), 3, part(60, 0), part(20, 1))
    fit(run, run.recipe(), 3, part(60, 0), part(20, 1))
    logged, history = table(run.folder / "logs" / "csv" / "metrics.csv"), table(run.history_file)
    assert [row["step"] for row in logged] == [row["epoch"] for row in history] == ["1", "2", "3"]
    for name in ("train_loss", "val_accuracy", "val_recall", "learning_rate"):
        assert [float(row[name]) for row in logged] == pytest.approx([float(row[name]) for row in history], rel=1e-4)
