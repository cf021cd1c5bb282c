"""The folder that a training leaves, as far as a classifier's and a detector's have it in common."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from hemascope.data.remote.delivery import elsewhere
from hemascope.errors import RunError
from hemascope.files import write_text

FORMAT_VERSION = 1


@dataclass(frozen=True)
class RunFolder:
    """A training's folder; every file in it is written whole or not at all."""

    folder: Path

    trains: ClassVar[str] = "classifier"
    command: ClassVar[str] = "train"

    @property
    def recipe_file(self) -> Path:
        """The complete recipe, YAML."""
        return self.folder / "recipe.yaml"

    @property
    def history_file(self) -> Path:
        """One row an epoch, CSV."""
        return self.folder / "history.csv"

    @property
    def last_checkpoint(self) -> Path:
        """Everything needed to go on after the last whole epoch."""
        return self.folder / "checkpoints" / "last.ckpt"

    @property
    def predictions_file(self) -> Path:
        """What the model says of all that it is scored on, Parquet."""
        return self.folder / "predictions.parquet"

    @property
    def metrics_file(self) -> Path:
        """Every score of the report, JSON; recomputable from the predictions."""
        return self.folder / "metrics.json"

    @property
    def report_file(self) -> Path:
        """The report, one self-contained HTML page."""
        return self.folder / "report.html"

    def check_free(self) -> None:
        """Raise a RunError unless a Run may begin in this folder."""
        if self.folder.is_dir() and (self.folder / "run.json").exists():
            raise RunError(
                f"{self.folder} holds a training already",
                f"Go on with it: hemascope {self.command} --resume {self.folder}; or name another folder with -o.",
            )
        if self.folder.is_file():
            raise RunError(f"{self.folder} is a file", "Name a folder with -o.")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """An existing Run.

        Raises:
            RunError: the folder is not a Run, one of a newer format, or one of another kind of training.
        """
        if url := elsewhere(folder):
            raise RunError(f"{url}: a Run elsewhere is not read by this", "Copy its folder, and name the copy.")
        run = cls(Path(folder))
        if not (run.folder / "run.json").is_file():
            raise RunError(f"{folder}: not a Run (it has no run.json)", "Name the folder that a training wrote.")
        about = run.about()
        version = about.get("format_version", 0)
        if not 1 <= version <= FORMAT_VERSION:
            raise RunError(f"{folder}: a Run of format {version}; this hemascope knows up to {FORMAT_VERSION}")
        if (trains := about.get("trains", RunFolder.trains)) != cls.trains:
            raise RunError(f"{folder}: the training of a {trains}, where one of a {cls.trains} is wanted")
        return run

    def about(self) -> dict[str, Any]:
        """Source, versions, machine and times of this Run."""
        try:
            about = json.loads((self.folder / "run.json").read_text("utf-8"))
        except (OSError, ValueError) as problem:
            raise RunError(f"{self.folder / 'run.json'}: cannot be read ({problem})") from problem
        return dict(about)

    def write_about(self, about: dict[str, Any]) -> None:
        """Replace what `about` gives."""
        write_text(self.folder / "run.json", json.dumps(about, indent=2) + "\n")

    @property
    def predictions(self) -> pd.DataFrame:
        """The predictions table: what the model said of each image that is scored, and what is true.

        Raises:
            RunError: the training is not finished.
        """
        return pd.read_parquet(self._written(self.predictions_file))

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: losses, accuracies, learning rate and seconds.

        Raises:
            RunError: no epoch is finished.
        """
        return pd.read_csv(self._written(self.history_file))

    def _written(self, path: Path) -> Path:
        if not path.is_file():
            raise RunError(
                f"{self.folder}: its training is not finished", f"hemascope {self.command} --resume {self.folder}"
            )
        return path
