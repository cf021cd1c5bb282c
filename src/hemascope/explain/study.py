"""The study of a classifier's answers: what `hemascope explain` finds, and the files it leaves."""

import base64
import io
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
from hemascope.shown import paragraphs, percent, points, with_interval

FORMAT_VERSION = 1
FILE_NAME = "explain.json"
SHEET_NAME = "sheet.png"
_COARSE = 6  # positions a side


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

    def words(self) -> list[str]:
        """What was found, in a few sentences: the result first."""
        focus = [] if self.focus is None else focus_words(focus_numbers(self.focus))
        return study_words(self)[:3] + focus

    def _repr_html_(self) -> str:
        """The sentences, and the explained images on one sheet."""
        if not self.cases:
            return paragraphs(self.words())
        written = io.BytesIO()
        Image.fromarray(sheet(self.cases)).save(written, "JPEG", quality=85)
        picture = base64.b64encode(written.getvalue()).decode()
        return f'{paragraphs(self.words())}<img alt="the explained images" src="data:image/jpeg;base64,{picture}">'


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
    if case.appearance:
        row["appearance"] = case.appearance
    if case.augmented is not None:
        row |= {"augmented_label": case.augmented.label, "augmented_probability": case.augmented.probability}
    return row


def study_words(study: Study) -> list[str]:
    """What was looked at: the result first."""
    if not study.labelled:
        said = [f"{_images(study.images)} of {study.source}, none with a label that the model knows."]
    else:
        right = study.labelled - study.wrong
        said = [f"{study.wrong:,} of {_images(study.labelled)} of {study.source} are called something else."]
        said.append(f"{right:,} are right ({percent(right / study.labelled)}).")
    order = {"wrong": "the surest mistakes", "correct": "right answers", "all": "mistakes first, then right answers"}
    shown = order[study.which] if study.labelled else "the surest of each class"
    if study.cases:
        said.append(f"Explained below: {len(study.cases):,} ({shown}).")
    else:
        said.append("There is nothing to explain." if study.which != "wrong" else "There is no mistake to explain.")
    said.append(
        f"Heat by {study.method}; maps of {study.side} x {study.side}. It shows what the answer hangs on, not "
        "whether that is right."
    )
    if study.side < _COARSE:
        said.append(
            "Each position of maps so coarse has seen most of the picture, so the heat may lie beside what was seen: "
            "read it for the cell or the background, not for parts of a cell."
        )
    if study.unread:
        said.append(f"Left out, because they cannot be used: {study.unread:,}.")
    return said


def focus_words(focus: dict[str, Any]) -> list[str]:
    """What the heat on synthetic smears says of the network."""
    every = focus["all"]
    area, plain = every["area"]["value"], every["plain"]
    if plain["value"] is None:
        return ["No heat was left on any of the synthetic smears, so there is nothing to measure."]
    beyond = plain["low"] is not None and plain["low"] > area
    below = plain["high"] is not None and plain["high"] < area
    aim = (
        "it looks at the cell more than at the rest"
        if beyond
        else "it looks past the cell"
        if below
        else "it cannot be told from heat without any aim"
    )
    share = with_interval((plain["value"], plain["low"], plain["high"]))
    said = [
        f"On {_images(every['images'])} drawn with their masks, {share} of the heat lies on the cell, which covers "
        f"{percent(area)} of the area: {aim}. A map of this resolution that follows the cell as well as it can would "
        f"have {percent(every['sharpest']['value'])}."
    ]
    change = every["change"]
    if change is not None and change["value"] is not None:
        told = change["low"] is not None and (change["low"] > 0 or change["high"] < 0)
        sure = "beyond chance" if told else "which may be chance"
        said.append(
            f"With other colours (those of the policy wide) it is {percent(every['recoloured']['value'])}: "
            f"{points((change['value'], change['low'], change['high']))} percentage points, {sure}."
        )
    return said


def _images(number: int) -> str:
    return f"{number:,} image{'s' if number != 1 else ''}"
