"""What the shift suite found: shift.csv, a row a corruption and severity, and shift.json, its summary."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.hits import hit_scores
from hemascope.evaluate.shift.corruption import SEVERITIES
from hemascope.evaluate.shift.registry import CORRUPTIONS, MEDMNIST_C, RANDOM
from hemascope.files import write_text
from hemascope.formats import read_versioned, write_versioned

Spread = dict[str, dict[str, Score]]
"""Group of settings -> ``accuracy`` and ``balanced_accuracy`` -> mean over its settings, with the interval."""


def spread(hits: np.ndarray, targets: np.ndarray, groups: Mapping[str, np.ndarray], seed: int = 0) -> Spread:
    """Mean scores of groups of settings with their intervals.

    An image's hits stay together in a resample, so that the interval of a mean over settings is right although their
    errors go together.

    Args:
        hits: bool (n, s), whether image i was named rightly in setting j.
        targets: true class numbers int (n,).
        groups: name -> bool (s,), its settings, at least one.
        seed: of the resamples.

    >>> right = np.array([[True, True], [True, False]])
    >>> spread(right, np.array([0, 1]), {"all": np.array([True, True])})["all"]["accuracy"].value
    0.75
    """
    return {name: hit_scores(hits[:, own].mean(axis=1), targets, seed=seed) for name, own in groups.items()}


FORMAT_VERSION = 1
TABLE_NAME, SUMMARY_NAME = "shift.csv", "shift.json"
COLUMNS = ("corruption", "severity", "images", "accuracy", "balanced_accuracy")
CLEAN = "clean"
"""Stands for the images as they are, with severity 0."""
MEAN, MEDMNIST_C_MEAN = "mean", "medmnist-c"
"""Groups of settings: all corruptions but the mixture; MedMNIST-C's eleven, where all were measured."""


@dataclass(frozen=True)
class ShiftResult:
    """The scores of one classifier under every corruption.

    Attributes:
        table: columns as in ``COLUMNS``; the first row is `CLEAN`. Scores are 0 .. 1.
        side: the images were framed to so many pixels before they were corrupted.
        seed: with the same seed and images the same pixels, so that the predictions can be made again.
        split: the split that was scored, "" for a source without splits.
        spread: mean scores with 95% intervals of the `groups`: every corruption, ``mean`` and ``medmnist-c``.
        images_a_second: how many corrupted images were made and classified; None where the result was read from files.
    """

    table: pd.DataFrame
    side: int
    seed: int
    split: str = ""
    spread: Spread = field(default_factory=dict)
    images_a_second: float | None = None

    @property
    def images(self) -> int:
        """Number of images, each seen once in every setting."""
        return int(self.table["images"].iloc[0])

    @property
    def clean(self) -> pd.Series:
        """The row of the images as they are."""
        return self.table.iloc[0]

    @property
    def corrupted(self) -> pd.DataFrame:
        """All rows but the first, with ``balanced_error``, which is 1 - ``balanced_accuracy``."""
        rows = self.table.iloc[1:]
        return rows.assign(balanced_error=1 - rows["balanced_accuracy"])

    @property
    def severities(self) -> tuple[int, ...]:
        """Those that were measured."""
        return tuple(sorted(self.corrupted["severity"].unique().tolist()))

    def by_corruption(self) -> pd.DataFrame:
        """Means over the severities: index corruption; columns accuracy, balanced_accuracy, balanced_error."""
        scores = ["accuracy", "balanced_accuracy", "balanced_error"]
        return self.corrupted.groupby("corruption", sort=False)[scores].mean()

    @property
    def mean_balanced_error(self) -> float | None:
        """Mean over the corruptions of the mean over the severities; without the mixture, None where it is alone."""
        return self._mean_error(MEAN)

    @property
    def medmnist_c(self) -> float | None:
        """MedMNIST-C's mean balanced error over its eleven corruptions of blood; None unless all were measured."""
        return self._mean_error(MEDMNIST_C_MEAN)

    def _mean_error(self, group: str) -> float | None:
        rows = groups(self.table).get(group)
        return None if rows is None else float(1 - self.table["balanced_accuracy"][rows].mean())

    @property
    def worst(self) -> pd.Series:
        """The row of lowest balanced accuracy."""
        return self.corrupted.sort_values("balanced_accuracy", kind="stable").iloc[0]

    def summary(self) -> dict[str, Any]:
        """The content of shift.json."""
        score = ["accuracy", "balanced_accuracy"]
        return {
            "format_version": FORMAT_VERSION,
            "images": self.images,
            "split": self.split,
            "side": self.side,
            "seed": self.seed,
            "severities": list(self.severities),
            "clean": {key: float(self.clean[key]) for key in score},
            "mean_balanced_error": self.mean_balanced_error,
            "medmnist_c_mean_balanced_error": self.medmnist_c,
            "worst": {
                "corruption": str(self.worst["corruption"]),
                "severity": int(self.worst["severity"]),
                **{key: float(self.worst[key]) for key in score},
            },
            "intervals": {
                name: {key: value.to_json() for key, value in scores.items()} for name, scores in self.spread.items()
            },
            "corruptions": {
                name: {"family": CORRUPTIONS[str(name)].family, **{key: float(row[key]) for key in row.index}}
                for name, row in self.by_corruption().iterrows()
            },
        }

    def write(self, folder: Path) -> None:
        """Write shift.csv and shift.json, each whole or not at all."""
        write_text(folder / TABLE_NAME, self.table.to_csv(index=False))
        write_versioned(folder / SUMMARY_NAME, self.summary(), FORMAT_VERSION)


def groups(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """The settings, bool (s,), of every corruption, of their mean, and of MedMNIST-C's where all were measured.

    Args:
        table: of a `ShiftResult`: every corruption has the same severities.
    """
    names = table["corruption"].to_numpy(dtype=str)
    found = {name: names == name for name in dict.fromkeys(names.tolist())}
    single = ~np.isin(names, [CLEAN, RANDOM.name])
    if single.any():
        found[MEAN] = single
    eleven = [corruption.name for corruption in MEDMNIST_C]
    severities = set(table["severity"]) - {0}
    if set(eleven) <= found.keys() and severities == set(SEVERITIES):
        found[MEDMNIST_C_MEAN] = np.isin(names, eleven)
    return found


def read_shift(folder: Path) -> ShiftResult | None:
    """Read what `ShiftResult.write` wrote; None where the suite was not run.

    Raises:
        RunError: files that cannot be read, or of a newer format.
    """

    def build(about: dict[str, Any]) -> ShiftResult:
        table = pd.read_csv(io.StringIO((folder / TABLE_NAME).read_text(encoding="utf-8")))[list(COLUMNS)]
        spread = {
            name: {key: Score.from_json(value) for key, value in scores.items()}
            for name, scores in about.get("intervals", {}).items()  # absent in files of before
        }
        unknown = set(table["corruption"][1:]) - CORRUPTIONS.keys()
        if unknown or len(table) < 2:
            raise ValueError(f"{TABLE_NAME} has {len(table)} rows, and corruptions unknown here: {sorted(unknown)}")
        return ShiftResult(table, int(about["side"]), int(about["seed"]), str(about["split"]), spread)

    remedy = f"Delete {SUMMARY_NAME}, or run hemascope evaluate --shift again."
    return read_versioned(folder / SUMMARY_NAME, build, FORMAT_VERSION, what="the shift suite", remedy=remedy)


def remove_shift(folder: Path) -> None:
    """Remove the suite's files: they tell of another model once the folder's predictions are replaced."""
    for name in (TABLE_NAME, SUMMARY_NAME):
        (folder / name).unlink(missing_ok=True)
