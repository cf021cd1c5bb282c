"""The large view of a cell."""

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect, tiles


def test_open_label_and_go_on(visit):
    page = visit()
    drop(page, {**{f"{i}.png": encoded("basophil") for i in range(3)}, "3.png": encoded("lymphocyte")})
    done(page, 4)
    page.locator(".tile").first.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog")
    expect(box.get_by_role("heading")).to_have_text("Basophil")
    expect(page.locator("#heat-text")).to_contain_text("occlusion sensitivity (Zeiler and Fergus 2014)")
    assert box.get_by_role("button", pressed=True).get_attribute("aria-keyshortcuts") == "3"
    expect(page.locator("#detail-notes")).to_have_text(
        "90% set: Basophil. 99% set: Basophil, Lymphocyte, Eosinophil. Unknown score: 0.38."
    )
    expect(page.locator("#detail-seen")).to_be_hidden()  # nothing is known of basophils
    page.keyboard.press("2")
    expect(box.get_by_role("heading")).to_have_text("Lymphocyte")
    expect(box.locator(".mark")).to_have_text("was basophil")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-place")).to_have_text("2 of 4")
    box.get_by_role("button", name="Eosinophil").click()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-seen")).to_have_text("round nucleus, no granules")
    assert page.locator(".tile").nth(3).get_attribute("title") == "3.png\nround nucleus, no granules"
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    expect(page.locator(".tile").nth(1)).to_be_focused()
    assert tiles(page) == [
        "Lymphocyte, was basophil, 0.png",
        "Eosinophil, was basophil, 1.png",
        "Basophil, 99%, 2.png",
        "Lymphocyte, 99%, 3.png",
    ]


def test_the_picture_and_its_heat_map_are_drawn(visit):
    page = visit()
    drop(page, {"0.png": encoded("basophil", 40, 60)})
    done(page, 1)
    page.locator(".tile").first.click()
    expect(page.locator("#heat-text")).to_contain_text("Method")
    middle = "id => [...document.getElementById(id).getContext('2d').getImageData(240, 240, 1, 1).data]"
    assert page.evaluate(middle, "image") == [20, 60, 210, 255]
    page.get_by_label("Heat map").uncheck()
    assert page.evaluate(middle, "heat")[3] == 0
    expect(page.locator("#heat-text")).to_be_empty()
