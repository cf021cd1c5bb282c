"""A folder whose scores are compared: a Run, or what `hemascope evaluate -o` left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hemascope.data.manifest import Manifest
from hemascope.errors import ModelFileError, RunError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.cost import Cost, cost_of, images_per_second
from hemascope.evaluate.compare.hidden import Hidden, read_hidden
from hemascope.evaluate.compare.images import image_names
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.pseudo.result import COPIES, read_pseudo
from hemascope.evaluate.shift.result import MEAN, read_shift
from hemascope.evaluate.tta_result import read_tta
from hemascope.predict.classifier import Classifier, load

CLEAN, HIDDEN, TTA = "clean", "hidden", "tta"
"""Views of the same images: as they are; under unknown corruptions; averaged over test-time augmentation."""

TTA_TABLE = "tta.parquet"


@dataclass(frozen=True)
class Contender:
    """What is known of one model.

    Attributes:
        name: in tables; unique among those compared.
        views: the predictions of each view that there is, `CLEAN` always.
        hidden: how the view `HIDDEN` was made, None without it.
        groups: image name -> duplicate group, where a manifest tells.
        cost: minutes, parameters and so on.
        figures: further scores on the same images, where their files are there: pseudo, shift, tta.
        split: that was scored.
    """

    name: str
    views: dict[str, Predictions]
    hidden: Hidden | None = None
    groups: "pd.Series[int] | None" = None
    cost: Cost = field(default_factory=Cost)
    figures: dict[str, Score] = field(default_factory=dict)
    split: str = ""


def read_contender(
    folder: Path,
    name: str,
    choose_split: Callable[[Predictions], str],
    *,
    speed: bool = True,
) -> Contender:
    """Read a folder.

    Args:
        folder: with predictions.parquet; all else is used where present.
        name: in tables.
        choose_split: gives the split to score, from the predictions.
        speed: whether to measure the images a second of its model file.

    Raises:
        RunError: no predictions, or a file that cannot be read.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder", "Name the folder of a finished Run.")
    predictions = Predictions.read(folder / PREDICTIONS)
    split = choose_split(predictions)
    views = {CLEAN: predictions.of(split)}
    if not (views[CLEAN].targets >= 0).any():
        raise RunError(f"{folder}: no image of its split {split!r} has a known label", "Choose another with --split.")
    hidden = read_hidden(folder)
    if hidden:
        views[HIDDEN] = hidden[0]
    if (folder / TTA_TABLE).is_file():
        views[TTA] = Predictions.read(folder / TTA_TABLE)
    model = _model(folder)
    manifest = folder / "manifest.parquet"
    return Contender(
        name,
        views,
        hidden[1] if hidden else None,
        _groups(Manifest.read(manifest)) if manifest.is_file() else None,
        cost_of(folder, model.card if model else None, images_per_second(model) if model and speed else None),
        _figures(folder, split),
        split,
    )


def names_of(folders: Sequence[Path]) -> list[str]:
    """Short names of folders: their last part, or the whole path where two would be called the same.

    >>> names_of([Path("runs/a"), Path("runs/b")]), names_of([Path("x/run"), Path("y/run")])
    (['a', 'b'], ['x/run', 'y/run'])
    """
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def _model(run: Path) -> Classifier | None:
    if not (run / "model.onnx").is_file():
        return None
    try:
        return load(run / "model.onnx")
    except ModelFileError:
        return None  # the scores are worth having without the model


def _groups(manifest: Manifest) -> "pd.Series[int]":
    return pd.Series(manifest.table["group"].to_numpy(), index=image_names(manifest.table))


def _figures(folder: Path, split: str) -> dict[str, Score]:
    figures = {}
    pseudo, shift, tta = read_pseudo(folder), read_shift(folder), read_tta(folder)
    if pseudo and pseudo.split in ("", split):
        figures["pseudo"] = pseudo.score(COPIES)
    if shift and shift.split in ("", split) and MEAN in shift.spread:
        figures["shift"] = shift.spread[MEAN]["accuracy"]
    if tta and tta.split in ("", split):
        figures["tta"] = tta.averaged["accuracy"]
    return figures
