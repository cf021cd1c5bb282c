"""What the page of explained images says in sentences."""

from typing import Any

from hemascope.evaluate.bootstrap import Score
from hemascope.explain.study import Study
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
