"""The page of a count: what it must say, and in a real browser that its boxes lie on the cells."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hemascope.fields.cell import Cell
from hemascope.fields.outputs import shown as of_shown
from hemascope.predict.card import ModelCard
from hemascope.predict.differential.differential import Differential, differential
from hemascope.report import count_page as module
from hemascope.report.count_page import count_page, differential_rows
from tests.fields.outputs.made import CLASSES, broken, cells, field
from tests.serve.page.conftest import started_browser

CARD = ModelCard("m", CLASSES, 96, confusion={"counts": [[90, 10, 0], [0, 100, 0], [0, 0, 100]]})
FIELDS = [
    ("monday/<b>.png", field(seed=1), cells("monday/<b>.png")),
    ("monday/broken.png", None, broken()),
    ("c.png", field(seed=2), cells("c.png")),
]


def counted(**more: Any) -> Differential:
    return differential({"monocyte": 2, "neutrophil": 2}, CARD, unknown=2, precision=5, **more)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("slide 7") / "count.html"
    return count_page(
        path, FIELDS, CLASSES, counted(warning="These cells are unlike."), ["Scale: red cells."]
    ).read_text(encoding="utf-8")


def test_the_head_says_how_many_and_what_to_mind(text: str) -> None:
    assert "Differential of 4 leucocytes in 2 fields" in text
    notes = re.findall(r"<p>(.*?)</p>", text[text.index('class="notes"') : text.index("<nav")])
    assert notes[:4] == [
        "These cells are unlike.",
        "1 field could not be read and was not counted; it is named below.",
        "2 white cells are unlike all classes, and in no share.",
        "Scale: red cells.",
    ]
    assert "Not a medical device" in notes[4]
    tiles = dict(re.findall(r"<dt>(.*?)</dt><dd>(\d+)", text))
    assert tiles == {
        "Fields": "2",
        "White cells": "6",
        "Red cells": "2",
        "Platelets": "2",
        "Unknown": "2",
        "Doubtful": "4",
    }
    assert "1 more" not in text
    assert "2 more cut by an edge" in text


def test_the_differential_is_the_table_of_the_differential(text: str) -> None:
    table = re.search(r'<table class="differential">(.*?)</table>', text, re.DOTALL)[1]
    rows = [re.sub("<[^>]+>", "|", row) for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)]
    for texts, row in zip(counted().rows, rows[1:], strict=True):
        assert [cell for cell in row.split("|") if cell] == [cell for cell in texts if cell]
    assert "Corrected by what the model confuses" in text


def test_bars_stand_for_the_shares() -> None:
    rows, end = differential_rows(counted())
    bars = {row.texts[0]: row.bar for row in rows}
    assert end == 100
    for line in counted().lines[:2]:
        bar = bars[line.name.capitalize()]
        assert bar is not None
        assert (bar.value, bar.low, bar.low + bar.width) == pytest.approx((line.value, line.low, line.high))
    assert bars["Platelet"] is None
    assert bars["Unknown, in no class"] is None


def test_the_doubtful_come_first_and_lead_to_their_place(text: str) -> None:
    found = re.findall(r"<li><figure>.*?</figure></li>", text, re.DOTALL)
    assert len(found) == 4
    assert all("unlike the cells of all classes" in one for one in found[:2])
    assert all("or Neutrophil, 30.0%; hardly seen as a cell (0.30)" in one for one in found[2:])
    assert "kidney-shaped nucleus" in found[2]
    links = re.findall(r'href="#(c\d+-\d+)"', "".join(found))
    assert links == ["c0-3", "c2-3", "c0-2", "c2-2"]
    assert all(f'<g id="{link}"' in text for link in links)


def test_it_stands_alone_and_names_are_no_markup(text: str) -> None:
    assert re.findall(r'(?:src|href)="(?!data:image/jpeg;base64,|#)', text) == []
    assert "<script" not in text
    assert "<b>.png" not in text
    assert "monday/&lt;b&gt;.png" in text
    assert "monday/broken.png: cut off" in text


def test_of_many_fields_it_says_how_many_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_shown, "MOST_FIELDS", 2)
    monkeypatch.setattr(of_shown, "MOST_CELLS", 3)
    monkeypatch.setattr(of_shown, "MOST_ERRORS", 1)
    fields = [(f"{i}.png", field(), cells(f"{i}.png")) for i in range(4)]
    fields += [(f"x{i}.png", None, broken(f"x{i}.png")) for i in range(3)]
    text = count_page(tmp_path / "count.html", fields, CLASSES).read_text(encoding="utf-8")
    assert "2 of 4 fields are shown" in text
    assert "3 of 8 are shown" in text
    assert "And 2 more in the table of cells." in text
    assert text.count("data:image/jpeg") == 5
    assert "12 white cells in 4 fields" in text


def test_a_slide_of_many_cells_has_boxes_for_its_white_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BOXES", 5)
    text = count_page(tmp_path / "count.html", [FIELDS[0]], CLASSES).read_text(encoding="utf-8")
    assert "Too many to draw: red cells and platelets are without boxes" in text
    assert text.count("<g id=") == 3
    assert "<path" not in text


def test_a_count_of_nothing_has_a_page(tmp_path: Path) -> None:
    text = count_page(tmp_path / "count.html", [FIELDS[1]], CLASSES, differential({}, CARD)).read_text(encoding="utf-8")
    assert "0 white cells in 0 fields" in text
    assert "No field could be read." in text


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Any]:
    pixels = np.full((300, 400, 3), 220, np.uint8)
    made = [Cell("a", (100, 50, 200, 150), "white", 0.9, False, True, "monocyte", 0.5, (0.5, 0.4, 0.1)),
            Cell("a", (300, 200, 350, 250), "red", 0.9, False, True)]  # fmt: skip
    path = count_page(tmp_path / "count.html", [("a", pixels, made)], CLASSES, counted())
    with started_browser() as browser:

        def go(**looks: Any) -> Any:
            page = browser.new_page(viewport={"width": looks.pop("width", 1280), "height": 860}, **looks)
            page.on("request", lambda one: one.url.startswith(("file:", "data:")) or pytest.fail("asks for " + one.url))
            page.goto(path.as_uri())
            return page

        yield go


def test_in_a_browser(visit: Any) -> None:
    page = visit()
    view, box = page.locator(".view").bounding_box(), page.locator(".view g rect").last.bounding_box()
    scale = view["width"] / 400
    assert box["x"] - view["x"] == pytest.approx(100 * scale, abs=3)
    assert box["y"] - view["y"] == pytest.approx(50 * scale, abs=3)
    assert box["width"] == pytest.approx(100 * scale, abs=5)
    red = page.locator(".view path.red")
    assert red.is_visible()
    page.get_by_label("red cells", exact=True).uncheck()
    assert not red.is_visible()
    assert page.locator(".view g").is_visible()
    page.locator(".mistakes a").click()
    page.wait_for_timeout(50)
    assert page.locator(".view g:target").count() == 1
    for looks in ({"width": 1280, "color_scheme": "dark"}, {"width": 400}):
        page = visit(**looks)
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
