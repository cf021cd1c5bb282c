"""A session as a file and back, and kept over a reload where asked."""

import json
import zipfile

import pytest

from tests.predict.model import write_model
from tests.predict.pictures import encoded
from tests.serve.page.acts import done, downloaded, drop, expect, tiles
from tests.serve.page.conftest import LOADED


def worked(page):
    """Two cells, one of which has a label by hand that the model lacks."""
    drop(page, {"é.png": encoded("basophil"), "b.png": encoded("lymphocyte")})
    done(page, 2)
    page.locator(".tile").first.focus()
    page.get_by_role("button", name="Other class…").click()
    page.get_by_label("Its name").fill("blast")
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("H 24")
    return page


FULL = "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('It is full.', 'QuotaExceededError') } }"

WORKED = ["Blast, was basophil, é.png", "Lymphocyte, 99%, b.png"]


def test_saved_and_opened_by_this_model_and_another(visit, tmp_path):
    file = downloaded(worked(visit()), "Save as a file", tmp_path / "session.zip")
    record = json.loads(zipfile.ZipFile(file).read("session.json"))
    assert (record["format"], record["format_version"], record["sample"]) == ("hemascope session", 2, "H 24")
    assert zipfile.ZipFile(file).testzip() is None
    page = visit()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    drop(page, {"session.zip": file.read_bytes()})
    done(page, 2)
    assert tiles(page) == WORKED
    assert page.get_by_label("Name", exact=True).input_value() == "H 24"
    assert not any(url.endswith("v1/predict") for url in asked)
    page.locator(".tile").nth(1).press("Enter")
    expect(page.locator("#heat-text")).to_contain_text("Method")  # its picture is there

    other = visit(write_model(tmp_path / "other.onnx", sharpness=2.0))
    drop(other, {"session.zip": file.read_bytes()})
    done(other, 2)
    assert tiles(other)[0] == "Blast, was basophil, é.png"
    assert tiles(other)[1] != WORKED[1]  # classified anew

    page.keyboard.press("Escape")
    hostile = ({"cells": [{"path": 7, "file": None}]}, {"adapted": [{"kind": "zoom", "about": {}}]})
    others = [json.dumps({**record, **parts}) for parts in hostile]
    for text in ("{", "[]", '{"format": "hemascope session", "format_version": 9}', *others):
        made = tmp_path / "made.zip"
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("session.json", text)
        drop(page, {"made.zip": made.read_bytes()})
        expect(page.locator("#problem")).to_contain_text("made.zip: " if text == "{" else "session")
        assert tiles(page) == WORKED
    first = {key: part for key, part in record.items() if key != "adapted"} | {"format_version": 1}  # of release 0.1.0
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("session.json", json.dumps(first))
    drop(page, {"made.zip": made.read_bytes()})
    expect(page.locator("#problem")).to_be_hidden()
    assert tiles(page) == WORKED


def test_kept_over_a_reload_until_forgotten(visit):
    page = worked(visit())
    assert page.evaluate("indexedDB.databases()") == []
    page.get_by_role("button", name="Keep over a reload").click()
    expect(page.locator("#kept")).to_contain_text("This browser keeps")
    page.reload()
    page.locator("#model", has_text=LOADED).wait_for()
    done(page, 2)
    assert tiles(page) == WORKED
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator("#problem")).to_contain_text("Another tab keeps its session")
    second.close()
    page.locator(".tile").nth(1).focus()
    page.keyboard.press("1")
    expect(page.locator("#kept")).to_contain_text("This browser keeps")
    page.get_by_role("button", name="Forget what this browser keeps").click()
    expect(page.locator("#kept")).to_be_hidden()
    assert page.evaluate("indexedDB.databases()") == []
    page.locator(".tile").nth(1).press("Enter")
    expect(page.locator("#heat-text")).to_contain_text("Method")  # the picture is still at hand
    page.keyboard.press("Escape")
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.reload()
    page.locator("#model", has_text=LOADED).wait_for()
    assert dialogs == ["beforeunload"]
    expect(page.locator("#bench")).to_be_hidden()
    page.evaluate(FULL)
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    page.get_by_role("button", name="Keep over a reload").click()
    expect(page.locator("#problem")).to_have_text(
        "The session is not kept in this browser: It is full. Save it as a file."
    )
    expect(page.get_by_role("button", name="Keep over a reload")).to_be_visible()


@pytest.mark.parametrize("answer", ["Cancel", "Clear them"])
def test_clearing_asks_where_labels_would_be_lost(visit, answer):
    page = visit()
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    page.locator(".tile").focus()
    page.keyboard.press("1")
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator("#sure-text")).to_have_text(
        "1 label given by hand will be gone, and the sample's name and note; Undo does not bring them back."
    )
    page.get_by_role("button", name=answer).click()
    expect(page.locator("#bench")).to_be_visible(visible=answer == "Cancel")
