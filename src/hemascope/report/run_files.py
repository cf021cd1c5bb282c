"""What a report is made of: the files of a Run, those that are there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemascope.data.manifest import Manifest
from hemascope.errors import ModelFileError, RecipeError, RunError
from hemascope.evaluate.not_scored import NotScored
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import FILE_NAME as METRICS
from hemascope.evaluate.summary import read_metrics, summarise, write_metrics
from hemascope.predict.card import ModelCard
from hemascope.predict.modelfile import open_model
from hemascope.report.history import History, read_history
from hemascope.train.boosting.ledger import FILE_NAME as BOOSTING
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe


@dataclass(frozen=True)
class RunFiles:
    """A Run's contents; what it need not have is None or "".

    Attributes:
        folder: where they lie.
        predictions: the predictions table.
        metrics: metrics.json, computed from the predictions where it was absent.
        trained: True for the Run of a training, False where a finished model was scored.
        history: history.csv.
        manifest: manifest.parquet.
        recipe: recipe.yaml as it stands.
        card: the card of model.onnx, or the one given.
    """

    folder: Path
    predictions: Predictions
    metrics: dict[str, Any]
    trained: bool
    history: History | None
    manifest: Manifest | None
    recipe: str
    card: ModelCard | None

    def typed_recipe(self) -> Recipe | None:
        """The recipe; None where there is none, or one of another version, which the page shows as it stands."""
        if not self.recipe:
            return None
        try:
            return load_recipe(self.folder / "recipe.yaml")
        except RecipeError:
            return None


def read_run(folder: Path, card: ModelCard | None = None, *, recompute: bool = False) -> RunFiles:
    """Read a Run's files; metrics.json is made of the predictions where it is absent, or on demand.

    Raises:
        RunError: no predictions in it, none of them with a known label, or a file that cannot be read.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder", "Name the folder of a finished Run.")
    predictions = Predictions.read(folder / PREDICTIONS)
    manifest_file, recipe, model = folder / "manifest.parquet", folder / "recipe.yaml", folder / "model.onnx"
    manifest = Manifest.read(manifest_file) if manifest_file.is_file() else None
    history = read_history(folder / "history.csv")
    trained = history is not None or recipe.is_file()
    if (folder / METRICS).is_file() and not recompute:
        metrics = read_metrics(folder / METRICS)
    else:
        # A training leaves most images out on purpose: they were learnt from.
        left_out = None if trained or manifest is None else NotScored.of(manifest, predictions.classes)
        metrics = summarise(predictions, left_out)
        write_metrics(folder / METRICS, metrics)
    if not metrics["splits"]:
        raise RunError(f"{folder}: no predicted image has a known label, so there is nothing to report")
    if history is not None and (folder / BOOSTING).is_file():
        history = history._replace(best_epoch=None)  # the epochs are of many learners, none of which is the result
    return RunFiles(
        folder=folder,
        predictions=predictions,
        metrics=metrics,
        trained=trained,
        history=history,
        manifest=manifest,
        recipe=recipe.read_text(encoding="utf-8", errors="replace") if recipe.is_file() else "",
        card=card or _card(model),
    )


def _card(model: Path) -> ModelCard | None:
    if not model.is_file():
        return None
    try:
        return open_model(model)[1]
    except ModelFileError:
        return None  # a report is worth having without its model
