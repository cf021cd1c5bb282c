"""The Run: the folder that a training leaves, and what is where in it."""

import html
import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hemascope.data.manifest import Manifest
from hemascope.shown import SCORE_TITLES, paragraphs, table, with_interval
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe, write_recipe
from hemascope.train.run_folder import FORMAT_VERSION, RunFolder

if TYPE_CHECKING:
    from hemascope.train.deployed import Deployed


@dataclass(frozen=True)
class Run(RunFolder):
    """A classifier's training: its folder; every file in it is written whole or not at all.

    >>> Run(Path("runs/first")).model_file.as_posix()
    'runs/first/model.onnx'
    """

    @property
    def manifest_file(self) -> Path:
        """The Manifest with splits, groups and errors, Parquet."""
        return self.folder / "manifest.parquet"

    @property
    def best_weights(self) -> Path:
        """Weights of the best epoch so far."""
        return self.folder / "checkpoints" / "best.pt"

    @property
    def final_weights(self) -> Path:
        """Weights of the finished network; its presence says that the training is over."""
        return self.folder / "checkpoints" / "final.pt"

    @property
    def model_file(self) -> Path:
        """The deployed classifier."""
        return self.folder / "model.onnx"

    @classmethod
    def create(cls, folder: Path, recipe: Recipe, manifest: Manifest, about: dict[str, Any]) -> "Run":
        """Begin a Run in a new or empty folder.

        Raises:
            RunError: the folder holds something already.
            WriteError: it cannot be written.
        """
        run = cls(Path(folder))
        run.check_free()
        manifest.write(run.manifest_file)
        write_recipe(recipe, run.recipe_file)
        run.write_about({"format_version": FORMAT_VERSION, **about})  # last: a folder with it is complete
        return run

    def members(self) -> tuple["Run", ...]:
        """The Runs whose networks this one averages, in folders of its own; none where it has one network.

        Raises:
            RunError: one of them is gone.
        """
        return tuple(Run.open(self.folder / name) for name in self.about().get("members", ()))

    def write_members(self, members: Sequence["Run"], temperature: float) -> None:
        """Note that this Run's network is the mean of others', calibrated by one temperature first."""
        names = [member.folder.relative_to(self.folder).as_posix() for member in members]
        self.write_about({**self.about(), "members": names, "member_temperature": temperature})

    def recipe(self) -> Recipe:
        """The Run's recipe."""
        return load_recipe(self.recipe_file)

    def manifest(self) -> Manifest:
        """The Run's Manifest."""
        return Manifest.read(self.manifest_file)

    @property
    def metrics(self) -> pd.DataFrame:
        """The scores: columns ``split, score, value, low, high``, the last two of the 95% interval.

        NaN stands for what cannot be measured. Everything that is measured, by class too, is in `metrics_file`.

        Raises:
            RunError: the training is not finished.
        """
        return pd.DataFrame(
            [
                {"split": split, "score": name, **score}
                for split, measured in self._measured().items()
                for name, score in measured["scores"].items()
            ],
            columns=["split", "score", "value", "low", "high"],
        ).astype({"value": float, "low": float, "high": float})

    def torch(self) -> "Deployed":
        """The network in torch with its transform, in evaluation mode on the CPU: uint8 images to calibrated logits.

        ``run.torch()(images)`` are logits, float32 (n, k), of uint8 RGB images (n, 3, h, w) or a list of (3, h, w) of
        any sizes; their softmax is what `model_file` gives. Its parts: ``.transform``, ``.network`` and ``.classes``.

        Raises:
            RunError: the training is not finished.
            ModelFileError: the model file is gone.
        """
        # By its name, as that module is made of Runs; and it brings torch.
        found: Deployed = importlib.import_module("hemascope.train.deployed").deployed(self)
        return found

    def _measured(self) -> dict[str, Any]:
        return dict(json.loads(self._written(self.metrics_file).read_text("utf-8"))["splits"])

    def _repr_html_(self) -> str:
        """What a notebook shows: the scores of each split with their intervals, and where report and model are."""
        if not self.metrics_file.is_file():
            return paragraphs([f"{self.folder}: not finished; hemascope.resume goes on with it."])
        measured = self._measured()
        headings = ["Score", *(f"{name}, {part['images']:,} images" for name, part in measured.items())]
        rows = []
        for name, title in SCORE_TITLES.items():
            scores = [part["scores"][name] for part in measured.values()]
            rows.append([title, *(with_interval([score[key] for key in ("value", "low", "high")]) for score in scores)])
        files = [("Report", self.report_file), ("Model", self.model_file)]
        links = [f'{name}: <a href="{html.escape(str(path))}">{html.escape(str(path))}</a>' for name, path in files]
        return table(headings, rows, str(self.folder)) + f"<p>{'<br>'.join(links)}</p>"
