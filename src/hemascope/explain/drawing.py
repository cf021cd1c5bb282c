"""Heat laid over pictures, and the sheet of explained images."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hemascope.cells import title
from hemascope.explain.cases import Case

SIDE = 144
"""Pixels a picture on the sheet."""

_GAP, _LETTERS, _LINE = 6, 12, 15
_PAPER, _INK, _WRONG = (255, 255, 255), (40, 40, 40), (180, 80, 15)
_SOLID = 0.75  # how much of the picture the hottest heat hides


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The picture under its heat: clear, then green, then yellow.

    No stain has these colours, and colour-blind eyes tell them apart.

    Args:
        image: uint8 (h, w, 3).
        heat: float (h, w) in [0, 1].

    Returns:
        uint8 (h, w, 3).
    """
    strength = np.asarray(heat, np.float32)[..., None]
    colour = np.concatenate([255 * strength**1.5, 120 + 125 * strength, np.full_like(strength, 40)], axis=-1)
    cover = _SOLID * strength**1.2
    return np.rint(image * (1 - cover) + colour * cover).astype(np.uint8)


def pictures(case: Case) -> list[tuple[str, np.ndarray]]:
    """What there is to see of a case, each with its caption: images uint8 (size, size, 3)."""
    shown = [("as it is", case.plain.image), (_said(case.plain.label), overlay(case.plain.image, case.plain.heat))]
    if case.true_heat is not None:
        shown.append((_said(case.true), overlay(case.plain.image, case.true_heat)))
    if case.augmented is not None:
        changed = case.augmented
        shown += [("augmented", changed.image), (_said(changed.label), overlay(changed.image, changed.heat))]
    return shown


def headline(case: Case) -> str:
    """What is true and what was said of a case, in a line."""
    said = f"said {title(case.plain.label)} {_percent(case.plain.probability)}"
    if case.true:
        own = "" if case.true_probability is None else f" {_percent(case.true_probability)}"
        said = f"true {title(case.true)}{own if case.true != case.plain.label else ''}, {said}"
    if case.augmented is not None:
        said += f"; augmented {title(case.augmented.label)} {_percent(case.augmented.probability)}"
    return said


def sheet(cases: list[Case], columns: int | None = None) -> np.ndarray:
    """All cases on one sheet: uint8 (height, width, 3).

    Args:
        cases: at least one.
        columns: cases side by side; two where there are many.
    """
    columns = columns or (1 if len(cases) <= 6 else 2)
    shown = [pictures(case) for case in cases]
    width = max(map(len, shown)) * (SIDE + _GAP) + _GAP
    height = 2 * _LINE + SIDE + 2 * _GAP
    rows = -(-len(cases) // columns)
    paper = Image.new("RGB", (columns * width, rows * height + _GAP), _PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(_LETTERS)
    for place, (case, parts) in enumerate(zip(cases, shown, strict=True)):
        left, top = place % columns * width + _GAP, place // columns * height + _GAP
        ink = _WRONG if case.true_heat is not None else _INK
        pen.text((left, top), headline(case), fill=ink, font=font)
        for number, (caption, picture) in enumerate(parts):
            x = left + number * (SIDE + _GAP)
            paper.paste(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, top + _LINE))
            pen.text((x, top + _LINE + SIDE), caption, fill=_INK, font=font)
    return np.asarray(paper)


def _said(label: str) -> str:
    return f"for {title(label).lower()}"


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f}%"
