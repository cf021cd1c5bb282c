"""What pseudo-validation found: pseudo.csv, a row a score, and pseudo.json, its summary."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hemascope.evaluate.bootstrap import Score
from hemascope.files import write_text
from hemascope.formats import read_versioned, write_versioned

FORMAT_VERSION = 1
TABLE_NAME, SUMMARY_NAME = "pseudo.csv", "pseudo.json"
COLUMNS = (
    "kind", "name", "title", "accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy", "balanced_accuracy_low",
    "balanced_accuracy_high", "drop", "drop_low", "drop_high",
)  # fmt: skip
CLEAN, COPIES, AVERAGED, SOURCE, OPERATION = "clean", "copies", "averaged", "transform", "operation"
"""Kinds of rows: the images as they are; their copies one by one; predictions averaged over the copies of an image;
the copies of one transform; one operation alone."""


@dataclass(frozen=True)
class PseudoResult:
    """The scores of one classifier on transformed copies.

    Attributes:
        table: columns as in ``COLUMNS``; first the rows of `CLEAN`, `COPIES` and `AVERAGED`, then one a transform, then
            one an operation, the most costly first. Scores are 0 .. 1 with 95% intervals over images;
            ``drop`` is the accuracy lost against the same images as they are, paired.
        images: number of images.
        copies: of each.
        side: the images were framed to so many pixels before they were transformed.
        seed: with the same seed and images the same copies.
        transforms: what the copies took turns among.
        split: the split that was scored, "" for a source without splits.
        clean_hits: float64 (n,), 1 where the image as it is is right; empty where the result was read from files.
        copy_hits: float64 (n,), share of an image's copies that are right; empty likewise.
    """

    table: pd.DataFrame
    images: int
    copies: int
    side: int
    seed: int
    transforms: tuple[str, ...]
    split: str = ""
    clean_hits: np.ndarray = field(default_factory=lambda: np.zeros(0))
    copy_hits: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def score(self, kind: str, name: str = "accuracy") -> Score:
        """Accuracy or balanced accuracy of the first row of a kind."""
        row = self.of(kind).iloc[0]
        return Score(float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"]))

    def of(self, kind: str) -> pd.DataFrame:
        """The rows of one kind."""
        return self.table[self.table["kind"] == kind]

    def summary(self) -> dict[str, Any]:
        """The content of pseudo.json."""
        return {
            "format_version": FORMAT_VERSION,
            "images": self.images,
            "copies": self.copies,
            "side": self.side,
            "seed": self.seed,
            "split": self.split,
            "transforms": list(self.transforms),
            "scores": {
                kind: {name: self.score(kind, name).to_json() for name in ("accuracy", "balanced_accuracy")}
                for kind in (CLEAN, COPIES, AVERAGED)
            },
            "most_costly": {row["name"]: float(row["drop"]) for _, row in self.of(OPERATION).head(5).iterrows()},
        }

    def write(self, folder: Path) -> None:
        """Write pseudo.csv and pseudo.json, each whole or not at all."""
        write_text(folder / TABLE_NAME, self.table.to_csv(index=False))
        write_versioned(folder / SUMMARY_NAME, self.summary(), FORMAT_VERSION)


def read_pseudo(folder: Path) -> PseudoResult | None:
    """Read what `PseudoResult.write` wrote; None where there was no pseudo-validation.

    Raises:
        RunError: files that cannot be read, or of a newer format.
    """

    def build(about: dict[str, Any]) -> PseudoResult:
        table = pd.read_csv(io.StringIO((folder / TABLE_NAME).read_text(encoding="utf-8")))[list(COLUMNS)]
        lacking = {CLEAN, COPIES, AVERAGED} - set(table["kind"])
        if lacking:
            raise ValueError(f"{TABLE_NAME} lacks rows of the kinds {sorted(lacking)}")
        images, copies, side, seed = (int(about[key]) for key in ("images", "copies", "side", "seed"))
        return PseudoResult(table, images, copies, side, seed, tuple(about["transforms"]), str(about["split"]))

    remedy = f"Delete {SUMMARY_NAME}, or run hemascope evaluate --pseudo again."
    return read_versioned(folder / SUMMARY_NAME, build, FORMAT_VERSION, what="the pseudo-validation", remedy=remedy)


def remove_pseudo(folder: Path) -> None:
    """Remove its files: they tell of another model once the folder's predictions are replaced."""
    for name in (TABLE_NAME, SUMMARY_NAME):
        (folder / name).unlink(missing_ok=True)
