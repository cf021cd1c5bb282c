"""A picture of a field with its cells in boxes of their class's colour, as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw, ImageFont

from hemascope.fields.cell import Cell
from hemascope.fields.outputs.categories import Categories, Category
from hemascope.fields.outputs.pixels import Pixels, shrunk
from hemascope.shown import percent

FOLDER, SUFFIX = "overlays", ".jpg"

LONGEST = 2000
"""Longest side of a picture in pixels."""

_PAPER, _INK = (255, 255, 255), (27, 36, 48)
_Box = tuple[float, float, float, float]


def overlay(pixels: Pixels, cells: Iterable[Cell], classes: Sequence[str], longest: int = LONGEST) -> Image.Image:
    """Draw the cells of a field, with a legend that counts them below.

    White cells have the class with its probability at their box, red cells a thin box. Cells that are not counted are
    pale.

    Args:
        pixels: of the field; a larger one is shrunk.
        cells: of it.
        classes: the model's, in its order.
        longest: side of the picture in pixels, without the legend.
    """
    categories = Categories.of(classes)
    field, scale = shrunk(pixels, longest)
    size = max(11, round(max(field.size) / 62))
    font = ImageFont.load_default(size)
    pen = ImageDraw.Draw(field)
    called = [(cell, categories.called(cell)) for cell in cells]
    called.sort(key=lambda one: one[0].kind == "white")  # their labels lie above all else
    thin = max(1, round(size / 10))
    for cell, category in called:
        thick = thin if cell.kind == "red" else thin * 2
        pen.rectangle(_scaled(cell.box, scale), outline=_ink(cell, category), width=thick)
    taken: list[_Box] = []
    for cell, category in called:
        if cell.kind == "white":
            _label(pen, _text(cell, category), _scaled(cell.box, scale), _ink(cell, category), font, taken)
    return _with_legend(field, called, categories, font)


def _scaled(box: _Box, scale: float) -> _Box:
    xmin, ymin, xmax, ymax = (end * scale for end in box)
    return xmin, ymin, max(xmin, xmax - 1), max(ymin, ymax - 1)


def _ink(cell: Cell, category: Category) -> tuple[int, int, int]:
    """The category's colour, half way to white for a cell that is not counted."""
    red, green, blue = category.rgb if cell.counted else tuple((255 + part) // 2 for part in category.rgb)
    return red, green, blue


def _text(cell: Cell, category: Category) -> str:
    share = "" if cell.confidence is None or cell.is_unknown else f" {percent(cell.confidence)}"
    return category.title.partition(",")[0] + share


def _label(
    pen: ImageDraw.ImageDraw,
    text: str,
    box: _Box,
    ink: tuple[int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    taken: list[_Box],
) -> None:
    """Write above a box, or where there is room for it: below, or within."""
    width, height = pen.im.size
    across, high = font.getlength(text) + 8, font.getbbox("Ag")[3] + 5
    left = min(max(0.0, box[0]), width - across)
    tops = [box[1] - high, box[3] + 1, box[1], box[3] - high]
    places = [(left, top, left + across, top + high) for top in tops if 0 <= top <= height - high]
    places = places or [(left, 0.0, left + across, float(high))]
    place = next((one for one in places if not any(_overlap(one, other) for other in taken)), places[0])
    taken.append(place)
    pen.rectangle(place, fill=ink)
    light = (0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2]) > 150
    pen.text((place[0] + 4, place[1] + 1), text, fill=_INK if light else _PAPER, font=font)


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _with_legend(
    field: Image.Image,
    called: list[tuple[Cell, Category]],
    categories: Categories,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> Image.Image:
    """The picture on paper, with what there is of each category below."""
    counts = Counter(category for cell, category in called if cell.counted)
    left_out = sum(not cell.counted for cell, _ in called)
    entries = [(f"{one.title} {counts[one]:,}", one.rgb) for one in categories if counts[one]]
    entries += [(f"Pale: not counted, cut by an edge {left_out:,}", (190, 190, 190))] if left_out else []
    entries = entries or [("No cells found", _PAPER)]
    high = round(font.getbbox("Ag")[3]) + 8
    rows, across = [[]], 0.0  # type: list[list[tuple[float, str, tuple[int, int, int]]]], float
    for text, ink in entries:
        wide = high + font.getlength(text) + 14
        if across and across + wide > field.width:
            rows.append([])
            across = 0.0
        rows[-1].append((across, text, ink))
        across += wide
    paper = Image.new("RGB", (field.width, field.height + high * len(rows) + 6), _PAPER)
    paper.paste(field, (0, 0))
    pen = ImageDraw.Draw(paper)
    for number, row in enumerate(rows):
        top = field.height + 3 + number * high
        for left, text, ink in row:
            pen.rectangle((left + 6, top + 5, left + high - 6, top + high - 7), fill=ink)
            pen.text((left + high, top + 3), text, fill=_INK, font=font)
    return paper
