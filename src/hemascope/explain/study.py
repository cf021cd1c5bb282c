"""The study of a classifier's answers: what `hemascope explain` finds, and the files it leaves."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from hemascope.evaluate.bootstrap import Score
from hemascope.explain.cases import Case, Which
from hemascope.explain.drawing import sheet
from hemascope.explain.focus import Focus, mean_score
from hemascope.files import atomic
from hemascope.formats import write_versioned

FORMAT_VERSION = 1
FILE_NAME = "explain.json"
SHEET_NAME = "sheet.png"


@dataclass(frozen=True)
class Study:
    """Explained images and where the heat lies.

    Attributes:
        name: of the Run or the model.
        network: name of the backbone, "" where unknown.
        classes: names of the k classes.
        method: how the heat was made, in words.
        side: positions along each side of its maps.
        source: the images, as the user named them.
        images: how many of them were classified.
        unread: how many could not be used.
        labelled: how many have a label that the model knows.
        wrong: how many of these are called something else.
        which: which were asked for.
        policy: what made the augmented pictures, in words; "" where there are none.
        cases: those explained.
        focus: the heat on synthetic smears; None where not measured.
    """

    name: str
    network: str
    classes: tuple[str, ...]
    method: str
    side: int
    source: str
    images: int
    unread: int
    labelled: int
    wrong: int
    which: Which
    policy: str
    cases: list[Case]
    focus: Focus | None

    def write(self, folder: Path) -> None:
        """Write explain.json and, where an image is explained, sheet.png: each whole or not at all."""
        write_versioned(folder / FILE_NAME, self.numbers(), FORMAT_VERSION)
        if self.cases:
            with atomic(folder / SHEET_NAME) as temporary:
                Image.fromarray(sheet(self.cases)).save(temporary)
        else:
            (folder / SHEET_NAME).unlink(missing_ok=True)

    def numbers(self) -> dict[str, Any]:
        """Everything but the pictures, JSON-ready."""
        return {
            "format_version": FORMAT_VERSION,
            **{key: value for key, value in vars(self).items() if key not in ("cases", "focus")},
            "cases": [_row(case) for case in self.cases],
            "focus": None if self.focus is None else focus_numbers(self.focus),
        }


def focus_numbers(focus: Focus) -> dict[str, Any]:
    """Means of a Focus with 95% intervals, over all smears and by class; null where nothing can be measured."""
    parts = {"all": focus, **{label: focus.of(label) for label in dict.fromkeys(focus.labels.tolist())}}
    return {name: _means(part) for name, part in parts.items()}


def _means(focus: Focus) -> dict[str, Any]:
    measured = {
        "area": focus.area,
        "sharpest": focus.sharpest,
        "plain": focus.plain,
        "recoloured": focus.recoloured,
        "change": focus.change,
        "right": focus.right,
        "recoloured_right": focus.recoloured_right,
    }
    scores = {key: None if values is None else _score(mean_score(values)) for key, values in measured.items()}
    return {"images": len(focus.labels), **scores}


def _score(score: Score) -> dict[str, float | None]:
    return {key: None if math.isnan(value) else round(value, 5) for key, value in score._asdict().items()}


def _row(case: Case) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": case.path,
        "member": case.member,
        "true": case.true,
        "true_probability": case.true_probability,
        "label": case.plain.label,
        "probability": case.plain.probability,
    }
    if case.augmented is not None:
        row |= {"augmented_label": case.augmented.label, "augmented_probability": case.augmented.probability}
    return row
