"""Whole fields on the page: found, looked through, corrected, drawn, kept, printed."""

import io
import json
import zipfile
from base64 import b64encode

import pytest
from PIL import Image

from hemascope.data.sources.open import open_source
from tests.fields.toy import draw_field, grid, write_detector
from tests.predict.model import write_model
from tests.predict.pictures import encoded
from tests.serve.page.acts import done, downloaded, drop, expect, saved, tiles
from tests.serve.page.canned import PLATELETS, RED, WHITE, answer, blank, cell, encoded_as, field_png, said
from tests.serve.page.conftest import LOADED
from tests.serve.page.test_access import violations


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    return str(write_detector(tmp_path_factory.mktemp("page") / "squares.onnx"))


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """Tells no unknown ones."""
    return write_model(tmp_path_factory.mktemp("page") / "plain.onnx")


def searched(page, n):
    page.locator("#strip .field .counts", has_text="red").nth(n - 1).wait_for()


def counted(page, name):
    return page.locator("#differential tr", has_text=name).locator("td").nth(2).inner_text()


def opened(page):
    page.locator("#strip .field").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#field")).to_be_visible()
    return page.locator("#field-cell-title")


def test_fields_and_cells_by_a_real_detector(visit, plain, squares):
    page = visit(plain, detector=squares)
    drop(page, {"smear.bmp": field_png(), "cell.png": encoded("basophil")})
    searched(page, 1)
    done(page, WHITE + 1)
    tile = page.locator("#strip .field")
    assert tile.get_attribute("aria-label").startswith(
        f"smear.bmp, {WHITE} white cells, {RED} red cells, {PLATELETS} platelets"
    )
    assert counted(page, "Red cell") == str(RED)
    assert counted(page, "Platelet") == str(PLATELETS)
    expect(page.locator("#differential-note")).to_contain_text(f"1 field: {RED} red cells")
    assert sum("smear.bmp#" in each for each in tiles(page)) == WHITE
    # a cell that is cut out here, in the framing that the service says, is what the service saw
    drawn = page.locator(".tile", has_text="Lymphocyte").first.locator("canvas")
    middle = "canvas => [...canvas.getContext('2d').getImageData(96, 96, 1, 1).data]"
    assert drawn.evaluate(middle)[:3] == [30, 230, 230]
    opened(page)
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    done(page, WHITE + 2)  # the drawn one is classified
    expect(page.locator("#field-marks")).to_contain_text("drawn")
    rows = saved_rows(page)
    assert sum(row["kind"] == "red" for row in rows) == RED
    assert rows[-1]["field"] == "smear.bmp"


def saved_rows(page):
    page.keyboard.press("Escape")
    return saved(page, "Results")


def test_corrections_in_the_field_are_those_of_the_grid(visit, plain, squares):
    page = visit(plain, detector=squares, route=said())
    drop(page, {"a.bmp": blank(), "b.bmp": blank()})
    searched(page, 2)
    done(page, 6)
    assert counted(page, "Basophil") == "4"  # those cut on the right are not counted
    title = opened(page)
    page.keyboard.press("Tab")
    expect(title).to_have_text("Basophil")
    page.keyboard.press("1")
    expect(title).to_have_text("Eosinophil")
    assert tiles(page)[0] == "Eosinophil, was basophil, a.bmp#1"
    page.keyboard.press("n")  # the second is sure and the third is not counted: on to the other field
    expect(page.locator("#field-title")).to_have_text("b.bmp")
    page.keyboard.press("Delete")
    expect(title).to_have_text("No cell")
    page.keyboard.press("Tab")  # no doubtful one is left: the focus goes on
    expect(page.locator("#field-picture")).not_to_be_focused()
    assert [counted(page, name) for name in ("Basophil", "Eosinophil", "Red cell")] == ["2", "1", "20"]
    # a red cell by mouse: it becomes a cell of the grid, and is classified
    box = page.locator("#field-picture").bounding_box()
    scale = min(box["width"] / 800, box["height"] / 600)
    left = box["x"] + (box["width"] - 800 * scale) / 2
    top = box["y"] + (box["height"] - 600 * scale) / 2
    page.mouse.click(left + 50 * scale, top + 530 * scale)
    expect(title).to_have_text("Red cell")
    page.keyboard.press("2")
    expect(page.locator("#field-marks")).to_contain_text("was red cell")
    done(page, 7)
    assert counted(page, "Red cell") == "19"
    page.get_by_role("button", name="Draw a cell").click()
    page.mouse.move(left + 500 * scale, top + 100 * scale)
    page.mouse.down()
    page.mouse.move(left + 560 * scale, top + 170 * scale, steps=3)
    page.mouse.up()
    done(page, 8)
    page.keyboard.press("r")
    expect(title).to_have_text("Red cell")
    assert counted(page, "Red cell") == "20"
    for _ in range(5):
        page.keyboard.press("Control+z")
    done(page, 6)
    assert [counted(page, name) for name in ("Basophil", "Red cell")] == ["4", "20"]
    for key in ("Control+y", "Control+Shift+Z", "Shift+U"):
        page.keyboard.press(key)
    done(page, 7)
    assert [counted(page, name) for name in ("Basophil", "Eosinophil", "Red cell")] == ["2", "1", "19"]
    page.keyboard.press("Control+y")  # the drawn one
    done(page, 8)
    for _ in range(4):
        page.keyboard.press("u")
    done(page, 6)
    page.keyboard.press("Escape")
    page.locator(".tile").first.press("Enter")
    page.get_by_role("button", name="Show it in its field").click()
    expect(page.locator("#field-title")).to_have_text("a.bmp")
    expect(title).to_have_text("Basophil")


def test_cells_of_fields_as_class_folders(visit, plain, squares, tmp_path):
    page = visit(plain, detector=squares)
    expect(page.locator("#export-crops")).to_be_hidden()
    drop(page, {"smear.bmp": field_png()})
    searched(page, 1)
    done(page, WHITE)
    page.locator(".tile").first.press("1")
    first = tiles(page)[0]
    downloaded(page, "Cells of fields", tmp_path / "crops.zip")
    manifest = open_source(tmp_path / "crops.zip")
    assert len(manifest) == WHITE
    assert not manifest.table["error"].any()
    assert sorted(set(manifest.table["label"])) == ["eosinophil", "lymphocyte"]
    number = int(first.rpartition("#")[2])
    with zipfile.ZipFile(tmp_path / "crops.zip") as archive:
        (name,) = [name for name in archive.namelist() if "/eosinophil/" in name]
        picture = Image.open(io.BytesIO(archive.read(name)))
    assert name == f"crops/eosinophil/smear_{number:04d}.png"
    assert picture.width == picture.height


def test_zoom_and_pan(visit, plain, squares):
    page = visit(plain, detector=squares, route=said())
    drop(page, {"a.bmp": blank()})
    searched(page, 1)
    opened(page)
    expect(page.get_by_role("button", name="Fit")).to_be_disabled()
    middle = "canvas => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"
    before = page.locator("#field-picture").evaluate(middle)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -300)
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Fit")).to_be_enabled()
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Fit")).to_be_disabled()
    assert page.locator("#field-picture").evaluate(middle) == before
    found = page.evaluate("""async () => {
        const { Sight } = await import("/sight.js");
        const sight = new Sight();
        sight.fit([800, 600], [400, 300], true);
        sight.zoom(3, [100, 100]);
        const [x, y] = sight.from([100, 100]); // stays where it is under the pointer
        sight.move(10000, 10000); // no further than the edge
        return [x, y, sight.left, sight.top];
    }""")
    assert found == pytest.approx([200, 200, 0, 0])


def test_what_is_a_field_and_one_click_to_say_otherwise(visit, plain, squares):
    page = visit(plain, detector=squares, route=said([cell("white", 200, 100, 400)], red_width=None))
    drop(page, {"one cell.bmp": blank(), "small.png": encoded("basophil")})
    done(page, 2)  # so wide a cell is the only one of its picture
    expect(page.locator("#fields")).to_be_hidden()
    page.unroute("**/v1/count")
    page.route(*said())
    page.locator(".tile", has_text="one cell").or_(page.locator("[aria-label*='one cell']")).first.press("Enter")
    page.get_by_role("button", name="It is a whole field").click()
    searched(page, 1)
    done(page, 4)
    opened(page)
    page.get_by_role("button", name="It is a single cell").click()
    done(page, 2)
    expect(page.locator("#fields")).to_be_hidden()
    page.keyboard.press("u")
    searched(page, 1)
    done(page, 4)
    page.keyboard.press("u")
    done(page, 2)
    assert [each.split(", ")[-1] for each in tiles(page)] == ["one cell.bmp", "small.png"]
    page.keyboard.press("Control+y")
    searched(page, 1)
    done(page, 4)
    page.keyboard.press("Control+y")
    done(page, 2)
    expect(page.locator("#fields")).to_be_hidden()
    for _ in range(2):
        page.keyboard.press("u")
    done(page, 2)
    sizes = """async (files) => {
        const { sizeOf } = await import("/size.js");
        const bytes = (data) => Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        return Promise.all(files.map((data) => sizeOf(new Blob([bytes(data), new Uint8Array(3000)]))));
    }"""
    kinds = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
    picture = draw_field(300, 500, grid(300, 500))
    files = [b64encode(encoded_as(kind, picture)).decode() for kind in kinds]
    found = dict(zip(kinds, page.evaluate(sizes, files), strict=True))
    assert all(size == [500, 300] for size in found.values()), found


def test_kept_over_a_reload_and_as_a_file(visit, plain, squares, tmp_path):
    page = visit(plain, detector=squares, route=said())
    drop(page, {"a.bmp": blank(), "cell.png": encoded("basophil")})
    searched(page, 1)
    done(page, 4)
    opened(page)
    page.keyboard.press("n")
    page.keyboard.press("1")
    page.keyboard.press("End")
    for _ in range(3):
        page.keyboard.press(".")
    page.keyboard.press("Delete")  # a red cell
    page.keyboard.press("Escape")
    before = tiles(page)
    assert counted(page, "Red cell") == "9"
    file = downloaded(page, "Save as a file", tmp_path / "session.zip")
    page.get_by_role("button", name="Keep over a reload").click()
    expect(page.locator("#kept")).to_contain_text("This browser keeps")
    page.reload()
    page.locator("#model", has_text=LOADED).wait_for()
    done(page, 4)
    assert tiles(page) == before
    assert counted(page, "Red cell") == "9"
    opened(page)
    expect(page.locator("#stage")).not_to_have_class("unseeable")
    other = visit(plain, detector=squares, route=("**/v1/count", lambda route: route.abort()))
    drop(other, {"session.zip": file.read_bytes()})
    done(other, 4)
    assert tiles(other) == before
    assert counted(other, "Red cell") == "9"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 900)])
def test_axe_finds_no_violation(visit, plain, squares, scheme, width):
    look = {"size": {"width": width, "height": 860}, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = visit(plain, detector=squares, route=said(), **look)
    drop(page, {"a.bmp": blank(), "b.bmp": blank()})
    searched(page, 2)
    done(page, 6)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    opened(page)
    page.keyboard.press("n")
    assert violations(page) == []
    page.keyboard.press("d")
    assert violations(page) == []
    body = page.locator("#field-side")
    assert body.evaluate("side => side.scrollWidth <= side.clientWidth")


def test_fields_on_paper(visit, plain, squares):
    page = visit(plain, detector=squares, route=said())
    drop(page, {"a.bmp": blank(), "b.bmp": blank()})
    searched(page, 2)
    page.evaluate("() => { window.print = () => { document.body.dataset.printed = 1 } }")
    page.get_by_role("button", name="Print").click()
    page.locator("body[data-printed]").wait_for()
    page.emulate_media(media="print")
    figures = page.locator("#paper figure")
    expect(figures).to_have_count(2)
    expect(figures.first).to_contain_text("a.bmp 2 white cells, 10 red cells, 1 platelet")
    assert figures.first.locator("img").evaluate("img => img.naturalWidth") == 1000
    expect(page.locator("#strip")).to_be_hidden()


N = 200

COPIES = """([data, n]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    for (let i = 0; i < n; i++) transfer.items.add(new File([bytes], `${i}.bmp`));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""

SCROLL = """async () => {
    for (let i = 0; i < 40; i++) {
        document.querySelector("#strip").scrollLeft += 700;
        await new Promise(requestAnimationFrame);
    }
}"""


STEPS = """async () => {
    for (let i = 0; i < 20; i++) {
        document.querySelector("#field-next").click();
        await new Promise(requestAnimationFrame);
    }
}"""

AT_ONCE = """body => {
    const other = window.fetch;
    window.fetch = async (path, options) => (path === "v1/count" ? new Response(body) : other(path, options));
}"""


def test_two_hundred_fields(visit, plain, squares):
    cells = [cell("white", 100, 100, 90), *(cell("red", 60 * (i % 13), 60 * (i // 13), 60) for i in range(120))]
    page = visit(plain, detector=squares)
    page.evaluate(AT_ONCE, json.dumps(answer(cells)))
    page.evaluate(COPIES, [b64encode(blank(480, 360)).decode(), N])
    done(page, N)
    searched(page, N)
    page.evaluate(SCROLL)
    assert page.locator("#strip .field[data-drawn=yes]").count() < N
    opened(page)
    page.evaluate(STEPS)
    expect(page.locator("#field-place")).to_have_text(f"21 of {N}")
