"""By keyboard, by screen reader, at phone width, light and dark, on paper."""

import pytest

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect

WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def violations(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(visit, size, scheme):
    page = visit(size=size, color_scheme=scheme, reduced_motion="reduce")
    assert violations(page) == []
    drop(page, {f"{i}.png": encoded("basophil") for i in range(30)} | {"bad.png": b"no", "notes.txt": b""})
    done(page, 31, ", 1 failed")
    page.locator(".tile").first.focus()
    page.keyboard.press("1")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.keyboard.press("Enter")
    expect(page.locator("#heat-text")).to_contain_text("Method")
    assert violations(page) == []


def test_everything_by_keyboard(visit):
    page = visit()
    drop(page, {f"{i:02}.png": encoded("basophil") for i in range(40)})
    done(page, 40)
    page.get_by_role("button", name="Clear all").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focus = "document.activeElement.id || document.activeElement.getAttribute('aria-label')"
        reached.append(page.evaluate(focus))
    assert reached[:4] == ["show", "sort", "threshold", "Basophil, 99%, 00.png"]
    assert reached[4:8] == ["export-csv", "export-checked", "export-all", "print"]
    page.locator(".tile").first.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("option", name="39.png")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    place = int(page.evaluate("document.activeElement.dataset.place"))
    assert place > 3
    assert page.locator("[role=option][tabindex='0']").count() == 1


def test_paper_shows_the_differential_alone(visit):
    page = visit()
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("#differential")).to_be_visible()
    expect(page.locator("#report-about")).to_contain_text("Model colours")
    expect(page.locator("#report", has_text="Not a medical device")).to_be_visible()
    expect(page.locator("#grid")).to_be_hidden()
    expect(page.locator("#intake")).to_be_hidden()


def test_it_says_that_it_is_no_medical_device(visit):
    expect(visit().get_by_text("Not a medical device: not for diagnosis.").first).to_be_visible()
