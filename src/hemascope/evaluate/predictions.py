"""The predictions table: a row an evaluated image, from which every reported number is recomputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.data.manifest import SPLITS, Manifest
from hemascope.errors import RunError
from hemascope.files import atomic
from hemascope.predict.differential.confusion import Confusion

FORMAT_VERSION = 1
FILE_NAME = "predictions.parquet"
NO_SPLIT = "all"
"""The split's name where the source names none."""

FOLD = "fold"
LABORATORY = "laboratory"

_OPTIONAL = (FOLD, LABORATORY)
_TEXT = ("path", "member", "split", "true", "label")


@dataclass(frozen=True)
class Predictions:
    """What a classifier said about each image, beside what is true.

    Attributes:
        table: columns ``path, member, split, true, label, confidence``, one calibrated probability column a
            class under its name, and one raw logit column ``logit_<class>`` a class. ``true`` is "" where unlabelled.
            Of K-fold networks there is ``fold``, int64: whose network spoke, 0 for the ensemble of all. Where the
            source names laboratories there is ``laboratory``, "" for images of none.
        classes: class names in label order.
        temperature: what the logits were divided by before the softmax that made the probabilities.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    temperature: float = 1.0

    @classmethod
    def build(
        cls, rows: Manifest, logits: np.ndarray, temperature: float = 1.0, classes: Sequence[str] | None = None
    ) -> "Predictions":
        """Join what a network said to the images it was shown.

        Args:
            rows: the images, in the order of ``logits``.
            logits: raw, before temperature and softmax; float (n, k).
            temperature: > 0.
            classes: names of the k logits; default: the Manifest's.

        Raises:
            RunError: shapes that do not fit, a logit that is not finite, a class that is named like a column.
        """
        names = check_classes(rows.classes if classes is None else classes)
        logits = np.asarray(logits, np.float64)
        if logits.shape != (len(rows), len(names)):
            raise RunError(f"logits of shape {logits.shape} do not fit {len(rows)} images of {len(names)} classes")
        finite = np.isfinite(logits).all(axis=1)
        if not finite.all():
            first = rows.ids.iloc[int(np.argmin(finite))]
            raise RunError(
                f"{first}: the network gave a logit that is not finite ({int((~finite).sum())} such images)",
                "The training has diverged: lower the learning rate or train in float32.",
            )
        table = rows.table
        text = pd.DataFrame(
            {
                "path": table["path"],
                "member": table["member"],
                "split": table["split"].where(table["split"] != "", NO_SPLIT),
                "true": table["label"],
                "label": np.array(names, dtype=object)[logits.argmax(axis=1)],
            }
        ).astype(dict.fromkeys(_TEXT, "str"))
        raw = pd.DataFrame(logits, columns=[f"logit_{name}" for name in names], index=text.index)
        if (table[LABORATORY] != "").any():
            raw[LABORATORY] = table[LABORATORY]
        return cls(text.join(raw), names).with_temperature(temperature)

    def with_temperature(self, temperature: float) -> "Predictions":
        """The same predictions, calibrated by another temperature; the labels stay as they are."""
        if not temperature > 0:
            raise ValueError(f"a temperature is positive, not {temperature}")
        values = softmax(self.logits / temperature)
        probabilities = pd.DataFrame(values, columns=list(self.classes), index=self.table.index)
        confidence = pd.Series(values.max(axis=1, initial=0.0), index=self.table.index, name="confidence")
        raw = self.table[[f"logit_{name}" for name in self.classes] + self._optional]
        table = pd.concat([self.table[list(_TEXT)], confidence, probabilities, raw], axis=1)
        return Predictions(table, self.classes, float(temperature))

    def with_folds(self, folds: np.ndarray) -> "Predictions":
        """The same predictions with the column ``fold``, int (n,): whose network spoke, 0 for the ensemble of all."""
        table = self.table.assign(**{FOLD: np.asarray(folds, np.int64)})
        return Predictions(table, self.classes, self.temperature)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def logits(self) -> np.ndarray:
        """Raw logits, float64 (n, k)."""
        return self.table[[f"logit_{name}" for name in self.classes]].to_numpy(np.float64)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Calibrated probabilities, float64 (n, k); every row sums to 1."""
        return self.table[list(self.classes)].to_numpy(np.float64)

    def confusion(self, cells: str) -> dict[str, Any]:
        """The part ``confusion`` of a model card by these predictions; ``cells`` says of what. Empty without labels."""
        said = self.probabilities.argmax(axis=1)
        return Confusion.of(self.targets, said, len(self.classes), method=cells).as_card()

    @cached_property
    def targets(self) -> np.ndarray:
        """True class numbers, int64 (n,); -1 where unlabelled or labelled by a class that is none of ``classes``."""
        return self._numbers("true")

    @cached_property
    def predicted(self) -> np.ndarray:
        """Predicted class numbers, int64 (n,)."""
        return self._numbers("label")

    @property
    def folds(self) -> np.ndarray | None:
        """Whose network spoke, int64 (n,), 0 for the ensemble of all; None where there are no folds."""
        return self.table[FOLD].to_numpy(np.int64) if FOLD in self.table else None

    @property
    def laboratories(self) -> tuple[str, ...]:
        """Names of the laboratories that have images, in order of the alphabet; none where the source names none."""
        return tuple(sorted(set(self.table[LABORATORY]) - {""})) if LABORATORY in self.table else ()

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have images: train, val, test, then others by name."""
        present = set(self.table["split"])
        return (*(name for name in SPLITS if name in present), *sorted(present - set(SPLITS)))

    def of_laboratory(self, name: str) -> "Predictions":
        """Only the images of one laboratory."""
        return self.rows((self.table[LABORATORY] == name).to_numpy())

    def of(self, split: str) -> "Predictions":
        """Only the images of one split."""
        return self.rows((self.table["split"] == split).to_numpy())

    def rows(self, keep: np.ndarray) -> "Predictions":
        """Only the rows chosen by a mask or by positions, in order."""
        chosen = np.asarray(keep)
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Predictions(self.table.iloc[positions].reset_index(drop=True), self.classes, self.temperature)

    def write(self, path: Path) -> None:
        """Write as Parquet, whole or not at all."""
        table = pa.Table.from_pandas(self.table, preserve_index=False)
        about = {
            "hemascope.format_version": str(FORMAT_VERSION),
            "hemascope.classes": "\n".join(self.classes),
            "hemascope.temperature": repr(self.temperature),
        }
        with atomic(path) as temporary:
            pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **about}), temporary)

    @classmethod
    def read(cls, path: Path) -> "Predictions":
        """Read what `write` wrote.

        Raises:
            RunError: absent, not a predictions table, or one of a newer format.
        """
        if not Path(path).is_file():
            raise RunError(f"{path}: there is no predictions table", "Finish the training, or run hemascope evaluate.")
        try:
            table = pq.read_table(path)
            columns = table.column_names
            about = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as problem:
            raise RunError(f"{path}: not a readable Parquet file ({problem})") from problem
        version = about.get("hemascope.format_version", "")
        if not version.isdecimal() or "hemascope.classes" not in about:
            raise RunError(f"{path}: a Parquet file, but not a predictions table", "Name a file that hemascope wrote.")
        if int(version) > FORMAT_VERSION:
            raise RunError(
                f"{path}: predictions of format {version} are not known here (known: up to {FORMAT_VERSION})",
                "Use the hemascope version that wrote it, or a newer one.",
            )
        classes = tuple(filter(None, about["hemascope.classes"].split("\n")))
        lacking = [name for name in _columns(classes) if name not in columns]
        if lacking:
            raise RunError(f"{path}: the predictions table lacks the columns {', '.join(lacking)}")
        optional = [name for name in _OPTIONAL if name in columns]
        frame = table.to_pandas()[_columns(classes) + optional]
        frame = frame.astype(dict.fromkeys([*_TEXT, *({LABORATORY} & {*optional})], "str"))
        return cls(frame, classes, float(about.get("hemascope.temperature", 1.0)))

    @property
    def _optional(self) -> list[str]:
        return [name for name in _OPTIONAL if name in self.table]

    def _numbers(self, column: str) -> np.ndarray:
        numbers = {name: i for i, name in enumerate(self.classes)}
        return np.array([numbers.get(name, -1) for name in self.table[column]], np.int64)


def check_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """The class names, if each can be a column of the table.

    Raises:
        RunError: a name that is empty, taken twice, or the name of another column.

    >>> check_classes(["lymphocyte", "monocyte"])
    ('lymphocyte', 'monocyte')
    """
    names = tuple(classes)
    columns = [*_columns(names), *_OPTIONAL]
    for name in names:
        if not name or "\n" in name or columns.count(name) > 1 or columns.count(f"logit_{name}") > 1:
            raise RunError(f"a class cannot be named {name!r}: the predictions table needs the name", "Rename it.")
    return names


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (n, k) of logits (n, k); never overflows.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    logits = np.asarray(logits, np.float64)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _columns(classes: Sequence[str]) -> list[str]:
    return [*_TEXT, "confidence", *classes, *(f"logit_{name}" for name in classes)]


def confident_mistakes(predictions: Predictions, split: str, most: int = 24) -> pd.DataFrame:
    """Rows of the predictions table that are wrong, the surest first; images without a known label are none.

    Args:
        predictions: any predictions.
        split: the split to look at.
        most: at most so many rows.

    Returns:
        The table's columns; its index holds the rows' places in ``predictions.table``.
    """
    table = predictions.table
    wrong = (predictions.targets >= 0) & (predictions.targets != predictions.predicted)
    chosen = table[np.asarray(wrong & (table["split"] == split))]
    return chosen.sort_values(["confidence", "path", "member"], ascending=[False, True, True], kind="stable").head(most)
