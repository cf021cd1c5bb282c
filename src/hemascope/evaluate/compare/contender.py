"""A folder whose scores are compared: a Run, or what `hemascope evaluate -o` left."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from hemascope.data.containers.synthetic import SCHEME
from hemascope.data.manifest import Manifest
from hemascope.data.remote.url import is_url
from hemascope.errors import ModelFileError, RunError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.hidden import Hidden, read_hidden
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.pseudo.result import COPIES, read_pseudo
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.evaluate.shift.result import MEAN, read_shift
from hemascope.evaluate.tta import read_tta
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load


def image_names(table: pd.DataFrame) -> np.ndarray:
    """A name an image, object (n,), the same in every table that holds it, however its path was written then.

    A table that holds an image several times, as copies of it, numbers them.

    Args:
        table: with the columns ``path`` and ``member``.
    """
    whole = {
        path: path if path.startswith(SCHEME) or is_url(path) else os.path.realpath(path)
        for path in table["path"].unique()
    }
    names = table["path"].map(whole) + "#" + table["member"]
    number = names.groupby(names).cumcount()
    return (names + number.map(lambda i: f"@{i}" if i else "")).to_numpy(object)


def on_the_same_images(named: Mapping[str, Predictions], *, common: bool = False) -> dict[str, Predictions]:
    """The tables in one order of images: row i of every table is the same image; only labelled ones stay.

    Args:
        named: name -> table; at least one.
        common: keep the images that all tables have, where they differ.

    Raises:
        RunError: other images, other labels or other classes; it says which tables and names an image.
    """
    frames = {name: _labelled(table) for name, table in named.items()}
    (first, (reference, names)), *others = frames.items()
    for name, (table, own) in others:
        if set(table.classes) != set(reference.classes):
            differing = sorted(set(table.classes) ^ set(reference.classes))
            raise RunError(
                f"{name} and {first} do not have the same classes (only one of them has {', '.join(differing[:4])})",
                "Compare Runs of one set of classes.",
            )
        if not common:
            _refuse_others(first, names, name, own)
    kept = names
    for _, own in frames.values():
        kept = kept[np.isin(kept, own)]
    if not len(kept):
        raise RunError(
            f"{' and '.join(named)} have no scored image in common",
            "Score them on the same labelled images: hemascope evaluate SOURCE -m MODEL -o FOLDER.",
        )
    aligned = {}
    for name, (table, own) in frames.items():
        place = pd.Series(np.arange(len(own)), index=own)
        aligned[name] = table.rows(place[kept].to_numpy())
        other = (aligned[name].table["true"] != aligned[first].table["true"]).to_numpy()
        if other.any():
            row = int(np.argmax(other))
            labels = [aligned[part].table["true"].iloc[row] for part in (first, name)]
            raise RunError(
                f"{kept[row]} is a {labels[0]} in {first} and a {labels[1]} in {name} ({int(other.sum())} such images)",
                "Score both with the same labels.",
            )
    return aligned


def _labelled(table: Predictions) -> tuple[Predictions, np.ndarray]:
    known = table.rows(table.targets >= 0)
    return known, image_names(known.table)


def _refuse_others(first: str, names: np.ndarray, second: str, own: np.ndarray) -> None:
    only = {first: names[~np.isin(names, own)], second: own[~np.isin(own, names)]}
    if not any(len(part) for part in only.values()):
        return
    said = [f"{len(part):,} only in {name} (such as {part[0].rstrip('#')})" for name, part in only.items() if len(part)]
    shared = int(np.isin(names, own).sum())
    raise RunError(
        f"{first} and {second} were not scored on the same images: {', '.join(said)}",
        f"Compare them on the {shared:,} common ones with --common."
        if shared
        else "Score them on the same labelled images: hemascope evaluate SOURCE -m MODEL -o FOLDER.",
    )


_IMAGES, _SIDE, _ROUNDS = 32, 96, 5


@dataclass(frozen=True)
class Cost:
    """What a Run costs; None where its folder does not tell.

    Attributes:
        minutes: of its epochs.
        parameters: number of weights.
        megabytes: of the model file, 10^6 bytes.
        images_s: images a second of the model file, on this machine's CPU.
        network: the backbone's name.
    """

    minutes: float | None = None
    parameters: int | None = None
    megabytes: float | None = None
    images_s: float | None = None
    network: str = ""


def cost_of(run: Path, card: ModelCard | None, images_s: float | None = None) -> Cost:
    """The cost that a Run's folder tells.

    Args:
        run: with history.csv and model.onnx, where they are there.
        card: of the model, where there is one.
        images_s: its speed, where it was measured.
    """
    model = run / "model.onnx"
    return Cost(
        minutes=_minutes(run / "history.csv"),
        parameters=card.parameters or None if card else None,
        megabytes=model.stat().st_size / 1e6 if model.is_file() else None,
        images_s=images_s,
        network=card.network if card else "",
    )


def images_per_second(model: ClassifierLike) -> float:
    """Speed of a model on images of 96 x 96 pixels, 32 at a time: the best of several rounds after a first one."""
    images = np.random.default_rng(0).integers(0, 256, (_IMAGES, _SIDE, _SIDE, 3), dtype=np.uint8)
    model.probabilities(images)
    seconds = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        model.probabilities(images)
        seconds.append(time.perf_counter() - begun)
    return _IMAGES / min(seconds)


def _minutes(history: Path) -> float | None:
    try:
        return float(pd.read_csv(history)["seconds"].sum()) / 60
    except (OSError, ValueError, KeyError):  # no history, or none of ours: the scores are worth having without it
        return None


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
