"""Drop, wait, filter, correct, undo, export, read back."""

import numpy as np
import pytest

from hemascope.data.sources.open import open_source
from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect, folder_of, saved, tiles

LABELS = ["eosinophil", "lymphocyte", "basophil", "basophil", "lymphocyte", "basophil"]


def test_drop_filter_correct_undo(visit):
    page = visit()
    drop(page, {f"{i}.png": encoded(label) for i, label in enumerate(LABELS)} | {"notes.txt": b"no", "bad.png": b"no"})
    done(page, 7, ", 1 failed")
    expect(page.locator("#problem")).to_have_text("1 other file is no image by name and passed over.")
    expect(page.locator("#problem.calm")).to_have_attribute("role", "status")  # nothing is wrong
    expect(page.locator("#differential-note")).to_contain_text("7 images, 0 corrected.")
    assert tiles(page)[0] == "Eosinophil, 99%, 0.png"
    assert tiles(page)[6] == "Failed, failed, bad.png"

    page.get_by_label("Show").select_option(label="Basophil (3)")
    assert [name.split(", ")[-1] for name in tiles(page)] == ["2.png", "3.png", "5.png"]
    page.locator(".tile").nth(1).focus()
    page.keyboard.press("1")
    expect(page.locator("#said")).to_have_text("Eosinophil. Undo with U.")
    assert tiles(page)[1] == "Eosinophil, was basophil, 3.png"
    row = page.locator("#differential tr", has_text="Eosinophil")
    expect(row).to_have_class("changed")
    assert row.locator("td").all_inner_texts()[0::2] == ["1", "2"]

    page.keyboard.press("u")
    expect(page.locator("#said")).to_have_text("Undone: Basophil again.")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert row.locator("td").all_inner_texts()[0::2] == ["1", "1"]


def test_an_empty_export_says_so_and_one_is_one(visit):
    page = visit()
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    expect(page.locator("#differential-note")).to_contain_text("1 image, 0 corrected.")
    page.get_by_role("button", name="Checked labels").click()
    expect(page.locator("#export-said")).to_have_text("No cell has a label by hand yet: there is nothing to save.")
    left = "async (given) => (await import('/progress.js')).timeLeft(...given)"
    told = [page.evaluate(left, given) for given in ([1, 500, 500], [10, 500, 100], [10, 500, 1500], [10, 100, 1900])]
    assert told == ["", "a few seconds left", "about 30 seconds left", "about 3 minutes left"]


def test_the_labels_are_read_by_training(visit, tmp_path):
    folder = folder_of(tmp_path / "slide 1", LABELS)
    page = visit()
    page.locator("#folder").set_input_files(folder)
    done(page, 6)
    first = page.locator(".tile").first
    first.focus()
    for key in ("2", "ArrowRight", "0", "ArrowRight", "3"):  # another label, no cell, the model's own
        page.keyboard.press(key)
    checked = saved(page, "Checked labels")
    assert checked == [
        {"path": "slide 1/0.png", "label": "lymphocyte"},
        {"path": "slide 1/2.png", "label": "basophil"},
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name="All labels").click()
    download.value.save_as(tmp_path / "labels.csv")
    manifest = open_source(tmp_path / "labels.csv")
    assert len(manifest) == 5
    assert not manifest.table["error"].any()
    assert manifest.table["path"].tolist()[0] == str(folder / "0.png")


def test_results_have_the_columns_of_predict(visit):
    page = visit()
    drop(page, {'a "1", é.png': encoded("basophil"), "bad.png": b"no", "=1+1.png": encoded("basophil")})
    done(page, 3, ", 1 failed")
    page.locator(".tile").first.focus()
    page.keyboard.press("0")
    good, bad, formula = saved(page, "Results")
    assert list(good) == [
        "path", "label", "confidence", "eosinophil", "lymphocyte", "basophil", "unknown", "is_unknown", "error",
        "given_label",
        "adapted",
    ]  # fmt: skip
    assert (good["path"], good["label"], good["given_label"], good["error"]) == (
        'a "1", é.png', "basophil", "none", "",
    )  # fmt: skip
    assert sum(float(good[name]) for name in LABELS[:3]) == pytest.approx(1, abs=1e-5)
    assert (bad["label"], bad["error"]) == ("", "not a picture of a known format")
    assert formula["path"] == "'=1+1.png"


def test_unknown_and_doubtful_cells_are_marked(visit):
    from io import BytesIO

    from PIL import Image

    def flat(*colour):
        file = BytesIO()
        Image.fromarray(np.full((8, 8, 3), colour, np.uint8)).save(file, "PNG")
        return file.getvalue()

    page = visit()
    drop(page, {"sure.png": encoded("basophil"), "odd.png": flat(250, 250, 250), "torn.png": flat(100, 120, 20)})
    done(page, 3)
    assert tiles(page)[0] == "Basophil, 99%, sure.png"
    assert tiles(page)[1].startswith("Unknown, 33%, unknown,")
    assert tiles(page)[2].startswith("Lymphocyte, 6")
    assert ", review, " in tiles(page)[2]
    page.get_by_label("Sort by").select_option("least")
    assert [name.split(", ")[-1] for name in tiles(page)] == ["odd.png", "torn.png", "sure.png"]
    page.get_by_label("Show").select_option(label="To review (2)")
    page.get_by_label("Review below").fill("50")
    expect(page.locator("#show option:checked")).to_have_text("To review (1)")
    assert [name.split(", ")[-1] for name in tiles(page)] == ["odd.png"]
    row = page.locator("#differential tr", has_text="Unknown")
    assert row.locator("td").first.inner_text() == "1"
