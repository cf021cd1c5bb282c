"""count.html: one self-contained page of a count of fields: differential, doubtful cells, fields in boxes."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hemascope import __version__
from hemascope.cells import colours
from hemascope.fields.cell import KINDS, Cell
from hemascope.fields.outputs.categories import Categories
from hemascope.fields.outputs.shown import FOUND, SURE, Shown, ShownCell, ShownField, why
from hemascope.fields.outputs.write import PAGE, Writers
from hemascope.files import scratch, write_text
from hemascope.predict.differential.differential import Differential
from hemascope.report.template import rendered
from hemascope.shown import percent

MOST_BOXES = 4000
"""Of a field; of more, as a slide has, only those of white cells are drawn, and at most so many."""

KIND_WORDS = {"white": "white cell", "red": "red cell", "platelet": "platelet"}


def write_count_page(
    path: Path, shown: Shown, differential: Differential | None = None, notes: Sequence[str] = ()
) -> Path:
    """Write the page: one HTML file that asks for nothing from outside and runs no script.

    Args:
        path: of the page; the name of its folder is its heading.
        shown: what it shows.
        differential: of all cells; None where there is none.
        notes: what its reader must know first, in sentences.

    Raises:
        WriteError: it cannot be written.
    """
    write_text(path, rendered("count.html.j2", _context(path, shown, differential, notes)))
    return path


def count_page(
    path: Path,
    fields: Iterable[tuple[str, np.ndarray | None, Sequence[Cell]]],
    classes: Sequence[str],
    differential: Differential | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write the page of fields that were counted, without any other file.

    Args:
        path: of the page.
        fields: name, pixels uint8 (h, w, 3) and cells of each; one at a time is in memory. Without pixels the field
            could not be read, and its one cell says why.
        classes: the model's, in its order.
        differential, notes: as of `write_count_page`.
    """
    with scratch() as folder:
        found: list[Shown] = []
        writers = Writers(folder, classes, geojson=False, rois=False, page=lambda _, shown, *__: found.append(shown))
        for name, pixels, cells in fields:
            writers.add(name, pixels, cells)
        writers.close()
        return write_count_page(path, found[0], differential, notes)


class Bar(NamedTuple):
    """A class of the differential as a bar with its interval; places are in per cent of the width."""

    colour: str
    value: float
    low: float
    width: float


class Row(NamedTuple):
    """A row of the table: its texts, and a bar where it has a value."""

    texts: tuple[str, ...]
    bar: Bar | None


def differential_rows(found: Differential) -> tuple[list[Row], float]:
    """The table of a differential with bars, and where their axis ends.

    The texts are those of `Differential.rows`.
    """
    inks = colours(tuple(line.name for line in found.lines))
    highest = max((line.high or line.value or 0.0 for line in found.lines), default=0.0)
    end = max(10.0, 10 * math.ceil(highest / 10))
    bars = [
        None if line.value is None or line.low is None or line.high is None
        # A share of 100% may be 100.0001; the bar stays in its cell.
        else Bar(ink, *(min(100.0, 100 * part / end) for part in (line.value, line.low, line.high - line.low)))
        for line, ink in zip(found.lines, inks, strict=True)
    ]  # fmt: skip
    others = [None] * (len(found.rows) - len(bars))
    return [Row(*row) for row in zip(found.rows, [*bars, *others], strict=True)], end


def _context(path: Path, shown: Shown, differential: Differential | None, notes: Sequence[str]) -> dict[str, Any]:
    categories = Categories.of(shown.classes)
    rows, end = differential_rows(differential) if differential else ([], 0.0)
    warning = [differential.warning] if differential and differential.warning else []
    return {
        "heading": path.resolve().parent.name,
        "headline": headline(shown, differential),
        "notes": [*warning, *_notes(shown), *notes],
        "shown": shown,
        "tiles": list(_tiles(shown)),
        "differential": differential,
        "differential_notes": [note for note in differential.notes if note not in warning] if differential else [],
        "rows": rows,
        "end": end,
        "doubtful": [_doubtful(one, shown, categories) for one in shown.doubtful],
        "sure": SURE,
        "found": FOUND,
        "fields": (_field(one, shown, categories) for one in shown.fields()),
        "pictures": len(shown.pictures),
        "legend": [(one, shown.counts[one.name]) for one in categories if shown.counts.get(one.name)],
        "has_left_out": any(shown.left_out.values()),
        "page": PAGE,
        "version": __version__,
    }


def headline(shown: Shown, differential: Differential | None) -> str:
    """The result in one sentence."""
    fields = _number(shown.read, "field")
    if differential is not None and differential.leucocytes:
        return f"{differential.heading} in {fields}"
    return f"{_number(shown.kinds.get('white', 0), 'white cell')} in {fields}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def _notes(shown: Shown) -> Iterable[str]:
    if shown.failures:
        be, named = ("was", "it is") if shown.failures == 1 else ("were", "they are")
        yield f"{_number(shown.failures, 'field')} could not be read and {be} not counted; {named} named below."
    if shown.not_classified:
        yield f"{_number(shown.not_classified, 'white cell')} could not be classified."
    unknown = shown.counts.get("unknown", 0)
    if unknown:
        yield f"{_number(unknown, 'white cell')} {'is' if unknown == 1 else 'are'} unlike all classes, and in no share."


def _tiles(shown: Shown) -> Iterable[tuple[str, str, str]]:
    """Heading, number and small print of each."""
    yield "Fields", f"{shown.read:,}", f"{shown.failures:,} not read" if shown.failures else ""
    reds, platelets = shown.kinds.get("red", 0), shown.kinds.get("platelet", 0)
    for kind in KINDS:
        count, print_ = shown.kinds.get(kind, 0), []
        if shown.read:
            print_.append(f"{count / shown.read:,.1f} a field")
        if kind == "platelet" and reds and platelets:
            print_.append(f"{1000 * platelets / reds:,.0f} per 1,000 red cells")
        if left_out := shown.left_out.get(kind):
            print_.append(f"{left_out:,} more cut by an edge")
        yield f"{KIND_WORDS[kind].capitalize()}s", f"{count:,}", "; ".join(print_)
    yield "Unknown", f"{shown.counts.get('unknown', 0):,}", "of the white cells"
    yield "Doubtful", f"{shown.doubts:,}", "of the white cells"


def _doubtful(one: ShownCell, shown: Shown, categories: Categories) -> dict[str, Any]:
    cell = one.cell
    return {
        "picture": _data(one.picture),
        "label": cell.label or "",
        "category": categories.called(cell),
        "confidence": percent(cell.confidence) if cell.confidence is not None else "",
        "why": why(cell, shown.classes),
        "appearance": cell.appearance,
        "field": one.field,
        "name": _short(one.field),
        "link": f"#c{one.order}-{one.number}" if one.field in shown.pictures else "",
        "number": one.number,
    }


def _field(one: ShownField, shown: Shown, categories: Categories) -> dict[str, Any]:
    field = one.field
    too_many = len(field.cells) > MOST_BOXES
    whites: list[dict[str, Any]] = []
    others: dict[tuple[str, str, bool], list[str]] = {}
    for number, cell in enumerate(field.cells, 1):
        category = categories.called(cell)
        if cell.kind == "white" and len(whites) < MOST_BOXES:
            whites.append(_white(cell, f"c{one.order}-{number}", category.title, category.colour, field.width))
        elif cell.kind != "white" and not too_many:
            others.setdefault((cell.kind, category.colour, cell.counted), []).append(_outline(cell))
    white, red, platelets = (sum(cell.kind == kind and cell.counted for cell in field.cells) for kind in KINDS)
    return {
        "order": one.order,
        "picture": _data(one.picture),
        "name": _short(field.name),
        "place": field.name,
        "width": field.width,
        "height": field.height,
        "letters": max(field.width, field.height) / 46,
        "whites": whites,
        "paths": [(*key, "".join(path)) for key, path in others.items()],
        "counts": f"{white:,} white, {red:,} red, {_number(platelets, 'platelet')}",
        "too_many": too_many,
    }


def _white(cell: Cell, id_: str, title: str, colour: str, width: int) -> dict[str, Any]:
    """A box with what stands at it: above, or within where there is no room."""
    xmin, ymin, xmax, ymax = cell.box
    name = title.partition(",")[0]
    share = "" if cell.confidence is None or cell.is_unknown else percent(cell.confidence)
    said = [f"{name} {share}".strip(), f"detector {cell.score:.2f}", cell.appearance, cell.error]
    return {
        "id": id_,
        "x": round(xmin, 1),
        "y": round(ymin, 1),
        "w": round(xmax - xmin, 1),
        "h": round(ymax - ymin, 1),
        "colour": colour,
        "counted": cell.counted,
        "text": f"{name} {share}".strip(),
        "right": xmin > 0.7 * width,
        "said": "; ".join(filter(None, said)) + ("" if cell.counted else "; not counted, cut by an edge"),
    }


def _outline(cell: Cell) -> str:
    xmin, ymin, xmax, ymax = (round(end) for end in cell.box)
    return f"M{xmin} {ymin}h{xmax - xmin}v{ymax - ymin}h{xmin - xmax}z"


def _short(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2] or name


def _data(picture: Path) -> str:
    """A JPEG as a data URI; "" where it is gone."""
    try:
        return f"data:image/jpeg;base64,{base64.b64encode(picture.read_bytes()).decode()}"
    except FileNotFoundError:
        return ""
