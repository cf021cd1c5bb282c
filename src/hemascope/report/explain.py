"""The page of explained images: explain.html."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hemascope import __version__
from hemascope.cells import title
from hemascope.explain.cases import class_heats
from hemascope.explain.drawing import headline, overlay, pictures
from hemascope.explain.study import SHEET_NAME, Study, focus_numbers, focus_words, study_words
from hemascope.files import write_text
from hemascope.report.data_part import short_name
from hemascope.report.gallery import picture
from hemascope.report.template import rendered

FILE_NAME = "explain.html"
_SIDE = 144


class Panel(NamedTuple):
    """One picture (data URI) and its caption."""

    picture: str
    caption: str


class Explained(NamedTuple):
    """A case for the page: its line, whether it is a mistake, its pictures, its file, what is seen of the cell."""

    headline: str
    wrong: bool
    panels: list[Panel]
    name: str
    place: str
    appearance: str


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
    name = place.rpartition("/")[2]
    return Explained(headline(case), case.true_heat is not None, panels, name, place, case.appearance)


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
