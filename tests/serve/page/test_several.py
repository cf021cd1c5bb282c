"""Several cells at once, classes of a person's own, the next doubtful cell, the sample's name."""

import pytest

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect, saved, tiles
from tests.serve.page.test_access import violations


@pytest.fixture
def page(visit):
    """Six cells: three eosinophils, three basophils."""
    page = visit()
    drop(page, {f"{i}.png": encoded("eosinophil" if i < 3 else "basophil") for i in range(6)})
    done(page, 6)
    return page


def classes(page):
    return [name.split(",")[0] for name in tiles(page)]


def chosen(page):
    at_once = "tiles => tiles.map((tile) => Number(tile.dataset.place))"  # they may be drawn anew between two looks
    return page.locator(".tile[aria-selected=true]").evaluate_all(at_once)


def test_choose_by_keys_and_mouse_then_label_and_undo_all(page):
    tile = page.locator(".tile")
    tile.nth(1).click(modifiers=["Shift"])  # from the first
    tile.nth(3).click(modifiers=["Shift"])
    assert chosen(page) == [0, 1, 2, 3]
    tile.nth(1).click(modifiers=["Control"])
    assert chosen(page) == [0, 2, 3]
    page.get_by_role("button", name="Lymphocyte", exact=False).click()
    expect(page.locator("#said")).to_have_text("3 cells: Lymphocyte. Undo with U.")
    assert classes(page) == ["Lymphocyte", "Eosinophil", "Lymphocyte", "Lymphocyte", "Basophil", "Basophil"]
    page.keyboard.press("u")
    assert classes(page) == ["Eosinophil"] * 3 + ["Basophil"] * 3
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator("#said")).to_have_text("Done again: 3 cells, Lymphocyte.")
    assert classes(page) == ["Lymphocyte", "Eosinophil", "Lymphocyte", "Lymphocyte", "Basophil", "Basophil"]
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    page.keyboard.press("Escape")
    assert chosen(page) == []
    tile.first.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert chosen(page) == [0, 1]
    page.keyboard.press("Control+a")
    assert chosen(page) == [0, 1, 2, 3, 4, 5]
    page.get_by_label("Show").select_option(label="Basophil (3)")
    expect(tile).to_have_count(3)  # the grid is drawn with the next frame
    assert chosen(page) == [0, 1, 2]  # what is not seen gets no label
    page.keyboard.press("2")
    assert {row["given_label"] for row in saved(page, "Results")[:3]} == {""}


def test_rows_by_class_and_dragging(page):
    page.get_by_label("Sort by").select_option("class")
    expect(page.locator("#grid .heading")).to_have_text(["Eosinophil (3)", "Basophil (3)"])
    tops = [page.locator(".tile").nth(place).bounding_box()["y"] for place in (0, 2, 3)]
    assert tops[0] == tops[1] < tops[2]
    page.locator(".tile").nth(4).click(modifiers=["Control"])
    page.locator(".tile").nth(5).click(modifiers=["Control"])
    assert violations(page) == []
    page.locator(".tile").nth(4).drag_to(page.locator(".tile").nth(1))  # to the row of eosinophils
    expect(page.locator("#grid .heading")).to_have_text(["Eosinophil (5)", "Basophil (1)"])
    page.locator(".tile").nth(5).drag_to(page.locator("#differential tr", has_text="Lymphocyte"))
    expect(page.locator("#grid .heading")).to_have_text(["Eosinophil (5)", "Lymphocyte (1)"])
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.place") == "5"  # the row below is shorter


def test_a_class_of_ones_own_a_name_and_a_note(page):
    page.locator(".tile").nth(3).focus()
    page.get_by_role("button", name="Other class…").click()
    assert violations(page) == []
    page.get_by_label("Its name").fill("None")
    page.keyboard.press("Enter")
    expect(page.locator("#own-problem")).to_contain_text("take another name")
    page.get_by_label("Its name").fill(" smudge  cell")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Smudge cell. Undo with U.")
    page.locator(".tile").nth(4).focus()
    page.keyboard.press("4")  # the model has three
    row = page.locator("#differential tr", has_text="Smudge cell").locator("td")
    assert [row.nth(i).inner_text().split()[0] for i in range(4)] == ["\u2013", "\u2013", "2", "33.3"]
    assert saved(page, "Checked labels") == [{"path": f"{i}.png", "label": "smudge_cell"} for i in (3, 4)]
    page.get_by_label("Name", exact=True).fill("H 24-1187")
    page.get_by_label("Note").fill("<b>two</b>\nlines")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("#report-sample")).to_have_text("Sample: H 24-1187")
    expect(page.locator("#report-note")).to_have_text("<b>two</b>\nlines", use_inner_text=True)


def test_the_next_doubtful_cell_by_one_key(page):
    page.get_by_label("Review below").fill("100")  # all are
    page.locator(".tile").nth(4).focus()
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.dataset.place") == "5"
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.dataset.place") == "0"
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    page.keyboard.press("n")
    expect(page.locator("#detail-place")).to_have_text("2 of 6")
    page.keyboard.press("Escape")
    page.get_by_label("Review below").fill("50")
    page.keyboard.press("n")
    expect(page.locator("#said")).to_have_text("No cell shown is left to review.")
