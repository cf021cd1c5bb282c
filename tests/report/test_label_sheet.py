"""The sheet of cells to label, in a real browser, and the list that it gives back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hemascope.adapt.next_cells import NextCells
from hemascope.data.sources import open_source
from hemascope.report.label_sheet import write_sheet
from tests.adapt.labelled_cells import write_cells
from tests.adapt.model import CLASSES, some_images
from tests.serve.page.conftest import started_browser


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    paths = sorted(write_cells(tmp_path / 'a "1", é', 2).rglob("*.png"))
    cells = NextCells(
        tuple(map(str, paths)), some_images(6), ("platelet",) * 6, tuple(np.linspace(0.2, 0.7, 6)), CLASSES
    )
    write_sheet(tmp_path / "next.html", cells, "next.csv")
    with started_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or errors.append("asks"))
        page.goto((tmp_path / "next.html").as_uri())
        yield page
        assert errors == []


def test_what_is_labelled_on_the_sheet_is_a_source_of_labels(page: Any, tmp_path: Path) -> None:
    assert page.locator("#decided").is_hidden()
    assert page.locator("figure .what").first.inner_text() == "Platelet? 20.0%"
    boxes, right = page.get_by_role("combobox"), page.get_by_role("button", name="that is right")
    right.nth(0).click()
    right.nth(1).click()
    right.nth(1).click()  # once more takes it back
    boxes.nth(2).fill("basophil")
    boxes.nth(3).fill('=blast "2"')
    assert page.locator("#count").inner_text() == "3 of 6 cells have a label."
    with page.expect_download() as given:
        page.get_by_role("button", name="Download next.csv").click()
    given.value.save_as(tmp_path / given.value.suggested_filename)
    found = open_source(tmp_path / "next.csv").table
    assert found["label"].tolist() == ["platelet", "", "basophil", "blast_2", "", ""]
    assert not found["error"].any()
