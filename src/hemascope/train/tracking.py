"""A training's figures told to an experiment tracker, by Lightning's loggers: one run of it a Run, resumed with it."""

import logging
import math
import os
import shutil
import socket
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies

import pandas as pd
from lightning.pytorch.utilities import rank_zero_only

from hemascope.errors import TrackerError
from hemascope.formats import read_versioned, write_versioned
from hemascope.progress import SILENT, Progress
from hemascope.train.run_folder import RunFolder

FORMAT_VERSION = 1
Tracking = Literal["tensorboard", "mlflow", "wandb", "csv"]
FOLDER = "logs"
"""Of a Run: what the trackers write there, and which of their runs is this one's."""

_PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}
_PROJECT = "hemascope"
_WAIT = 10  # seconds for a server to answer
_OFFLINE = ("offline", "dryrun", "disabled")


def check_tracker(logger: Tracking | None) -> None:
    """Refuse a tracker that cannot be used, before any work.

    Raises:
        TrackerError: it is not installed, its server cannot be reached, or it wants to know who you are.
    """
    if logger is None:
        return
    package = _PACKAGES.get(logger)
    if package and find_spec(package) is None:
        raise TrackerError(
            f"logger={logger} needs {package}, which is not installed", 'pip install "hemascope[trackers]"'
        )
    if logger == "mlflow" and (uri := os.environ.get("MLFLOW_TRACKING_URI", "")).startswith("http"):
        _check_server(uri)
    if logger == "wandb" and os.environ.get("WANDB_MODE") not in _OFFLINE:
        import wandb

        if not wandb.api.api_key:
            raise TrackerError(
                "logger=wandb: nobody is logged in there", "Log in by `wandb login`, or set WANDB_MODE=offline."
            )


def _check_server(uri: str) -> None:
    """The client itself would try for minutes."""
    where = urlsplit(uri)
    if where.hostname is None or getproxies():
        return
    try:
        socket.create_connection(
            (where.hostname, where.port or (443 if where.scheme == "https" else 80)), _WAIT
        ).close()
    except OSError as problem:
        raise TrackerError(
            f"logger=mlflow: {without_user(uri)} cannot be reached ({problem})",
            "Start it, or unset MLFLOW_TRACKING_URI.",
        ) from problem


def without_user(uri: str) -> str:
    """An address without the name and password that may stand in it.

    >>> without_user("https://ada:secret@host:5000/mlflow")
    'https://host:5000/mlflow'
    """
    parts = urlsplit(uri)
    return uri if "@" not in parts.netloc else urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Tracker:
    """One run of a tracker, open; what it cannot take once it is open is said and ends no training.

    The files lie in the Run's folder ``logs``, with MLflow where MLFLOW_TRACKING_URI says. Which run of the tracker it
    is, and how many epochs it has, is noted there, so that a resumed training goes on with the same one.

    Args:
        run: whose figures they are.
        recipe: of the training, JSON-ready: the run's hyperparameters. Its ``logger`` names the tracker; with None
            nothing is done at all, nor in the further processes of a training on several devices.
        progress: told which run it is, and where the tracker fails.

    Raises:
        TrackerError: it cannot be opened.
    """

    def __init__(self, run: RunFolder, recipe: Mapping[str, Any], progress: Progress = SILENT) -> None:
        self._kind: Tracking | None = recipe.get("logger") if getattr(rank_zero_only, "rank", 0) == 0 else None
        if self._kind is None:
            return
        check_tracker(self._kind)
        self._recipe, self._progress, self._failed = recipe, progress, False
        self._folder = run.folder / FOLDER
        self._note = self._folder / "tracker.json"
        noted = read_versioned(self._note, dict, FORMAT_VERSION, what="the note of the tracker's run") or {}
        self._id, self._epochs = noted.get("id"), int(noted.get("epochs", 0))
        new = self._id is None
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            with _quiet():
                self._open(_name(run.folder))
                if new or self._kind == "csv":
                    self._logger.log_hyperparams(dict(recipe))
        except Exception as problem:
            raise TrackerError(
                f"logger={self._kind}: no run could be begun there ({_first_line(problem)})"
                if new
                else f"logger={self._kind}: its run {self._id} is gone ({_first_line(problem)})",
                "" if new else f"Delete {self._note}: a new run is begun then.",
            ) from problem
        self._write_note()
        if new:
            progress.say(f"{self._kind}: {self._where}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close("success" if kind is None else "failed")

    def epochs(self, history: Sequence[Mapping[str, float]]) -> None:
        """Tell the epochs that it has not been told, of all: rows of the Run's history, x-axis the epoch."""
        if self._kind is None or self._failed:
            return
        for row in history[self._epochs :]:
            if not self._log({name: value for name, value in row.items() if name != "epoch"}, int(row["epoch"])):
                return
            self._epochs += 1
            self._write_note()

    def end(self, metrics: Mapping[str, Any], files: Iterable[Path]) -> None:
        """Tell the final scores, and hand over files where the tracker keeps some.

        Args:
            metrics: as `hemascope.evaluate.summary.summarise` gives them; those of test become ``test_accuracy`` and so
                on or, without a test part, those of val ``final_val_accuracy``.
            files: of the Run.
        """
        if self._kind is None or self._failed:
            return
        splits = metrics["splits"]
        split, prefix = ("test", "test") if "test" in splits else ("val", "final_val")
        scores = {
            f"{prefix}_{name}": score["value"] for name, score in splits.get(split, {"scores": {}})["scores"].items()
        }
        if self._log(scores, self._epochs):
            self._try(lambda: self._hand_over(scores, [file for file in files if file.is_file()]))

    def close(self, status: str = "success") -> None:
        """Let go of it; it may be opened again."""
        if self._kind is None or self._failed:
            return
        self._try(lambda: self._logger.finalize(status))
        if self._kind == "wandb":
            self._try(lambda: self._logger.experiment.finish(0 if status == "success" else 1))
        self._kind = None

    def _open(self, name: str) -> None:
        from lightning.pytorch import loggers

        self._where = str(self._folder)
        match self._kind:
            case "csv":
                # Lightning's writer begins anew, so all epochs are told again.
                shutil.rmtree(self._folder / "csv", ignore_errors=True)
                self._logger, self._id, self._epochs = loggers.CSVLogger(self._folder, "", "csv"), "csv", 0
            case "tensorboard":
                self._id = "tensorboard"
                self._logger = loggers.TensorBoardLogger(self._folder, "", self._id, default_hp_metric=False)
                self._where = f"tensorboard --logdir {self._folder}"
            case "mlflow":
                self._open_mlflow(name)
            case "wandb":
                self._open_wandb(name)

    def _open_mlflow(self, name: str) -> None:
        import mlflow  # noqa: F401 - it sets its own level when it is imported
        from lightning.pytorch.loggers import MLFlowLogger

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(self._folder / 'mlflow.db').absolute()}"
        own = None if os.environ.get("MLFLOW_TRACKING_URI") else (self._folder / "artifacts").absolute().as_uri()
        project = os.environ.get("MLFLOW_EXPERIMENT_NAME", _PROJECT)
        self._logger = MLFlowLogger(
            project, run_name=name, tracking_uri=uri, artifact_location=own, run_id=self._id, log_model=False
        )
        if self._id is None:
            self._id = self._logger.run_id
        else:
            self._logger.experiment.update_run(self._id, status="RUNNING")
        self._where = f"run {self._id} at {without_user(uri)}"

    def _open_wandb(self, name: str) -> None:
        import wandb
        from lightning.pytorch.loggers import WandbLogger

        self._id = self._id or uuid.uuid4().hex[:8]
        experiment = wandb.init(
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            name=name,
            id=self._id,
            dir=self._folder,
            resume="allow",
            reinit="create_new",  # a run of the caller's own is left alone
            settings=wandb.Settings(silent=True, console="off"),
        )
        experiment.define_metric("trainer/global_step")
        experiment.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        self._logger = WandbLogger(experiment=experiment)
        self._where = f"run {self._id}, {self._folder if experiment.offline else experiment.url}"

    def _log(self, values: Mapping[str, float | None], step: int) -> bool:
        known = {name: value for name, value in values.items() if value is not None and math.isfinite(value)}

        def tell() -> None:
            self._logger.log_metrics(known, step)
            self._logger.save()

        return self._try(tell)

    def _hand_over(self, scores: Mapping[str, float], files: Sequence[Path]) -> None:
        if self._kind == "tensorboard":
            known = {name: value for name, value in scores.items() if value is not None}
            self._logger.log_hyperparams(dict(self._recipe), known, self._epochs)
            self._logger.save()
        elif self._kind == "mlflow":
            for file in files:
                self._logger.experiment.log_artifact(self._id, str(file))
        elif self._kind == "wandb":
            import wandb

            artifact = wandb.Artifact(f"run-{self._id}", "training")
            for file in files:
                artifact.add_file(str(file))
            self._logger.experiment.log_artifact(artifact)

    def _try(self, act: Any) -> bool:
        try:
            with _quiet():
                act()
        except Exception as problem:
            self._failed = True
            self._progress.say(
                f"{self._kind} takes no more figures ({_first_line(problem)}): the training goes on, they are in"
                " history.csv and metrics.json, and resuming tells those that are missing"
            )
        return not self._failed

    def _write_note(self) -> None:
        write_versioned(self._note, {"logger": self._kind, "id": self._id, "epochs": self._epochs}, FORMAT_VERSION)


def track_end(run: RunFolder, recipe: Mapping[str, Any], metrics: Mapping[str, Any], progress: Progress) -> None:
    """Tell the tracker of a finished Run's recipe all that it does not know yet: epochs, final scores, report.

    A tracker that is gone by then is said, and is no error: the training is done.

    Args:
        run: with its report.
        recipe: JSON-ready.
        metrics: see `Tracker.end`.
        progress: see `Tracker`.
    """
    try:
        with Tracker(run, recipe, progress) as tracker:
            if recipe.get("logger") is not None and run.history_file.is_file():
                rows = pd.read_csv(run.history_file).to_dict("records")
                tracker.epochs([{str(name): float(value) for name, value in row.items()} for row in rows])
            tracker.end(metrics, [run.report_file, run.recipe_file])
    except TrackerError as problem:
        progress.say(f"{problem.problem}: it lacks the final scores, which metrics.json and report.html have")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the trackers' own advice, and what they warn of each other, from the user."""
    for name in ("lightning.pytorch", "lightning.fabric", "mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _name(folder: Path) -> str:
    """A run's name: the folder's; of a Run inside another, both."""
    folder = folder.absolute()
    within = (folder.parent / "run.json").is_file()
    return f"{folder.parent.name}/{folder.name}" if within else folder.name


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), "")[:200] or type(problem).__name__
