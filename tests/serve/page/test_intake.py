"""What is dropped besides single pictures of the usual formats."""

from io import BytesIO

from PIL import Image

from tests.predict.model import COLOURS
from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, folder_of, tiles

COLOUR = """() => [...document.querySelector(".tile canvas").getContext("2d").getImageData(9, 9, 1, 1).data]"""


def test_a_dropped_folder_is_walked_with_all_that_is_in_it(visit, tmp_path):
    folder = folder_of(tmp_path / "slide", ["basophil"] * 120)  # the browser lists 100 at a time
    folder_of(folder / "deeper", ["lymphocyte"])
    (tmp_path / "single.png").write_bytes(encoded("eosinophil"))
    page = visit()
    browser = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(folder), str(tmp_path / "single.png")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": dragged})
    done(page, 122)
    names = page.evaluate("() => [...document.querySelectorAll('.tile')].map((tile) => tile.title)")
    assert names[:3] == ["slide/0.png", "slide/1.png", "slide/2.png"]
    for chosen, name in (("Lymphocyte (1)", "slide/deeper/0.png"), ("Eosinophil (1)", "single.png")):
        page.get_by_label("Show").select_option(label=chosen)
        page.locator(f'.tile[aria-label$=", {name}"]').wait_for()
        assert len(tiles(page)) == 1


def test_formats_that_the_browser_cannot_draw_are_shown(visit):
    file = BytesIO()
    Image.new("RGB", (40, 30), COLOURS["basophil"]).save(file, "TIFF")
    page = visit()
    drop(page, {"cell.tif": file.getvalue()})
    done(page, 1)
    page.wait_for_function(f"() => ({COLOUR})()[3] === 255")
    assert page.evaluate(COLOUR) == [*COLOURS["basophil"], 255]
    page.locator(".tile").first.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('#image').getContext('2d').getImageData(9, 9, 1, 1).data[3] === 255"
    )
    assert page.locator("#picture.unseeable").count() == 0
