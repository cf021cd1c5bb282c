"""The model fitted to the cells of a session: zoom and head that are offered, labels that teach, and the way back."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import hemascope
from tests.adapt.labelled_cells import write_cells, write_remembering
from tests.adapt.model import CLASSES
from tests.adapt.test_agreement import looks_at_rows, striped
from tests.serve.page.acts import done, downloaded, drop, expect, saved, tiles

EACH = 9
OFFER = {
    "zoom": 1.3,
    "taught": None,
    "differing": 0.01,
    "images": 36,
    "changed": [],
    "rows": [],
    "lines": ["Zoom 1.3: the mean confidence rises from 70.0% to 80.0%.", "The head stays."],
    "seconds": 1.2,
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Pictures of three classes that the model knows badly, and of one that it does not know."""
    return write_cells(tmp_path_factory.mktemp("cells") / "slide", EACH, (*CLASSES, "blast"))


@pytest.fixture
def page(visit, tmp_path, cells):
    """All of them dropped on the page of a service, which is said to find a zoom for them."""
    page = visit(write_remembering(tmp_path / "model.onnx"))
    page.route("**/v1/fit", lambda route: route.fulfill(body=json.dumps(OFFER)))
    drop(page, {f"{path.parent.name}-{path.name}": path.read_bytes() for path in sorted(cells.rglob("*.png"))})
    done(page, 4 * EACH)
    return page


def labelled(page, each):
    """Give so many cells of each class its label: by the class's key, or as one of one's own."""
    page.get_by_label("Sort by").select_option("added")
    order = sorted((*CLASSES, "blast"))
    for place, name in ((i * EACH + j, name) for i, name in enumerate(order) for j in range(each)):
        page.evaluate("(place) => scrollTo(0, 60 * Math.floor(place / 6))", place)
        page.locator(f".tile[data-place='{place}']").focus()
        if name == "blast" and not page.locator("#classes", has_text="Blast").count():
            page.get_by_role("button", name="Other class…").click()
            page.get_by_label("Its name").fill("blast")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press(str((*CLASSES, "blast").index(name) + 1))


def test_a_zoom_is_offered_used_told_and_taken_back(page):
    asked, fits = [], []
    page.on("request", lambda request: request.url.endswith("/v1/predict") and asked.append(request.post_data_buffer))
    page.on("request", lambda request: request.url.endswith("/v1/fit") and fits.append(request.post_data_buffer))
    expect(page.locator("#fit-text")).to_have_text(
        "These look smaller than what the model knows (zoom 1.3). 36 cells looked at in 1.2 s."
    )
    before = tiles(page)
    page.get_by_role("button", name="Fit it to these cells").click()
    page.locator("#lesson-title", has_text="What fitting to these cells changes").wait_for()
    expect(page.locator("#lesson-notes")).to_contain_text("the mean confidence rises from 70.0% to 80.0%")
    assert b'{"zoom":1.3}' in fits[-1]  # it is not chosen again
    assert asked == []
    page.get_by_role("button", name="Use it for this session").click()
    done(page, 4 * EACH)
    assert all(b'{"zoom":1.3,"taught":null}' in body for body in asked)
    assert asked
    expect(page.locator("#fit-offer")).to_be_hidden()
    expect(page.locator("#steps")).to_contain_text("All cells are seen at zoom 1.3.")
    expect(page.locator("#model")).to_contain_text(", zoom 1.3")
    assert {row["adapted"] for row in saved(page, "Results")} == {"zoom 1.3"}
    page.emulate_media(media="print")
    expect(page.locator("#steps")).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Undo the zoom").click()
    done(page, 4 * EACH)
    assert tiles(page) == before
    assert {row["adapted"] for row in saved(page, "Results")} == {""}


def test_labels_teach_the_session_and_a_file(page, tmp_path, cells):
    expect(page.locator("#teach-offer")).to_be_hidden()
    labelled(page, 5)
    expect(page.locator("#teach-text")).to_have_text("20 labels by hand, of 4 classes, can teach the model.")
    page.get_by_role("button", name="Teach the model").click()
    page.locator("#lesson-title", has_text="What these labels teach").wait_for()
    expect(page.locator("#lesson-table")).to_contain_text("Blast (5, new)")
    expect(page.locator("#lesson-notes")).to_contain_text("no fair sample")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#steps")).to_be_empty()  # seen, and not used

    page.get_by_role("button", name="Teach the model").click()
    page.get_by_role("button", name="Use it for this session").click()
    done(page, 4 * EACH)
    expect(page.locator("#steps")).to_contain_text("by cross-validation")
    expect(page.locator("#steps")).to_contain_text("of 16 other cells have another class now.")
    expect(page.locator("#teach-offer")).to_be_hidden()
    rows = saved(page, "Results")
    taught = {row["path"]: row for row in rows if row["adapted"] == "taught by 20 cells"}
    assert len(taught) == 16  # those with a label by hand keep the answer that was corrected
    assert np.mean([row["label"] == path.split("-")[0] for path, row in taught.items()]) >= 0.8
    assert all(row["given_label"] for row in rows if row["path"] not in taught)
    assert page.locator("#differential tr", has_text="Blast").locator("td").first.inner_text().isdecimal()

    file = downloaded(page, "Save the model file", tmp_path / "taught.onnx")
    hemascope.predict(cells, file, output=tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as table:
        theirs = {"-".join(Path(row["path"]).parts[-2:]): row for row in csv.DictReader(table)}
    for path, row in taught.items():
        assert row["label"] == theirs[path]["label"]
        assert float(row["confidence"]) == pytest.approx(float(theirs[path]["confidence"]), abs=1e-3)

    session = downloaded(page, "Save as a file", tmp_path / "session.zip")
    page.locator(".tile").first.press("Enter")
    expect(page.locator("#heat-text")).to_contain_text("Method")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo the teaching").click()
    done(page, 4 * EACH)
    assert {row["adapted"] for row in saved(page, "Results")} == {""}
    drop(page, {"session.zip": session.read_bytes()})
    page.get_by_role("button", name="Open it").click()
    expect(page.locator("#model")).to_contain_text("taught by 20 cells")
    done(page, 4 * EACH)
    assert saved(page, "Results") == rows
    page.get_by_role("button", name="Undo the teaching").click()  # asks for the answers that the file does not hold
    done(page, 4 * EACH)
    assert {row["adapted"] for row in saved(page, "Results")} == {""}


def test_a_head_is_fitted_to_cells_without_labels(visit, tmp_path):
    model = looks_at_rows(write_remembering(tmp_path / "model.onnx"))
    folder = striped(tmp_path / "cells", model)
    page = visit(model)
    drop(page, {path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    done(page, 40)
    expect(page.locator("#fit-text")).to_contain_text("otherwise when they are turned")
    before = tiles(page)[:12]  # of more the window shows now more, now fewer
    page.get_by_role("button", name="Fit it to these cells").click()
    expect(page.locator("#lesson-table")).to_contain_text("Same label when turned")
    expect(page.locator("#lesson-changed canvas").first).to_be_visible()
    expect(page.locator("#lesson-changed li").first).to_contain_text(" → ")
    page.get_by_role("button", name="Cancel").click()
    assert tiles(page)[:12] == before
    page.get_by_role("button", name="Fit it to these cells").click()
    page.get_by_role("button", name="Use it for this session").click()
    done(page, 40)
    expect(page.locator("#fit-offer")).to_be_hidden()
    expect(page.locator("#steps")).to_contain_text("The model is fitted to 40 cells")
    expect(page.locator("#steps")).to_contain_text("of 40 cells have another class now.")
    rows = saved(page, "Results")
    assert all(row["adapted"].endswith("fitted to 40 cells") for row in rows)

    file = downloaded(page, "Save the model file", tmp_path / "adapted.onnx")
    theirs = hemascope.load(file)
    for row in rows:
        own = theirs(folder / row["path"])
        assert row["label"] == own.label
        assert float(row["confidence"]) == pytest.approx(own.confidence, abs=1e-3)
    session = downloaded(page, "Save as a file", tmp_path / "session.zip")
    page.get_by_role("button", name="Undo the fitting").click()
    done(page, 40)
    assert tiles(page)[:12] == before
    expect(page.locator("#fit-offer")).to_be_visible()  # again
    drop(page, {"session.zip": session.read_bytes()})
    page.get_by_role("button", name="Open it").click()
    expect(page.locator("#model")).to_contain_text("fitted to 40 cells")
    done(page, 40)
    assert saved(page, "Results") == rows
