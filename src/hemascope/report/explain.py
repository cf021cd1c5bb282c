"""The page of explained images: explain.html."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hemascope import __version__
from hemascope.cells import title
from hemascope.evaluate.bootstrap import Score
from hemascope.explain.cases import class_heats
from hemascope.explain.drawing import headline, overlay, pictures
from hemascope.explain.study import SHEET_NAME, Study, focus_numbers
from hemascope.files import write_text
from hemascope.report.data_part import short_name
from hemascope.report.gallery import picture
from hemascope.report.template import rendered
from hemascope.report.tta import points
from hemascope.report.words import interval, percent

_COARSE = 6  # positions a side


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
    beyond = plain["low"] > area
    below = plain["high"] < area
    aim = (
        "it looks at the cell more than at the rest"
        if beyond
        else "it looks past the cell"
        if below
        else "it cannot be told from heat without any aim"
    )
    said = [
        f"On {_images(every['images'])} drawn with their masks, {percent(plain['value'])} [{interval(plain)}] of the "
        f"heat lies on the cell, which covers {percent(area)} of the area: {aim}. A map of this resolution that "
        f"follows the cell as well as it can would have {percent(every['sharpest']['value'])}."
    ]
    change = every["change"]
    if change is not None and change["value"] is not None:
        sure = "beyond chance" if change["low"] > 0 or change["high"] < 0 else "which may be chance"
        said.append(
            f"With other colours (those of the policy wide) it is {percent(every['recoloured']['value'])}: "
            f"{points(Score(**change))} percentage points, {sure}."
        )
    return said


def _images(number: int) -> str:
    return f"{number:,} image{'s' if number != 1 else ''}"


FILE_NAME = "explain.html"
_SIDE = 144


class Panel(NamedTuple):
    """One picture (data URI) and its caption."""

    picture: str
    caption: str


class Explained(NamedTuple):
    """A case for the page: its line, whether it is a mistake, its pictures, its file."""

    headline: str
    wrong: bool
    panels: list[Panel]
    name: str
    place: str


class ClassRow(NamedTuple):
    """Where a class is seen on average: title, number of images, mean heat (data URI), share in the middle."""

    title: str
    images: int
    heat: str
    middle: float


def write_explain_page(folder: Path, study: Study) -> Path:
    """Write the page of a study into its folder.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    page = folder / FILE_NAME
    write_text(page, rendered("explain.html.j2", _context(study)))
    return page


def _context(study: Study) -> dict[str, Any]:
    focus = None if study.focus is None else focus_numbers(study.focus)
    return {
        "heading": study.name,
        "study": study,
        "words": study_words(study),
        "cases": [_explained(study, number) for number in range(len(study.cases))],
        "classes": _class_rows(study),
        "focus": focus,
        "focus_words": [] if focus is None else focus_words(focus),
        "sheet": SHEET_NAME,
        "version": __version__,
    }


def _explained(study: Study, number: int) -> Explained:
    case = study.cases[number]
    panels = [Panel(picture(image, side=_SIDE), caption) for caption, image in pictures(case)]
    place = short_name(case.path, case.member)
    return Explained(headline(case), case.true_heat is not None, panels, place.rpartition("/")[2], place)


def _class_rows(study: Study) -> list[ClassRow]:
    return [
        ClassRow(
            title(found.label),
            found.images,
            picture(overlay(np.full((*found.heat.shape, 3), 110, np.uint8), found.heat), side=_SIDE),
            found.middle,
        )
        for found in class_heats(study.cases, study.classes)
    ]
