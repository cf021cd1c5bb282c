import io
import zipfile

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect, tiles


def packed(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_packed_and_stored_members(visit):
    page = visit()
    cells = {"slide/é1.png": encoded("basophil"), "slide/b.txt": b"-", "__MACOSX/slide/._1.png": b"-"}
    drop(page, {"a.zip": packed(cells), "b.ZIP": packed({"2.png": encoded("lymphocyte")}, zipfile.ZIP_STORED)})
    done(page, 2)
    assert tiles(page) == ["Basophil, 99%, slide/é1.png", "Lymphocyte, 99%, 2.png"]
    expect(page.locator("#problem")).to_have_text("2 other files are no images by name and passed over.")


def test_damaged_zips_are_told(visit):
    page = visit()
    whole = packed({"1.png": encoded("basophil", 64, 64)})
    drop(page, {"cut.zip": whole[:-30], "no.zip": b"nothing"})
    expect(page.locator("#problem")).to_have_text("cut.zip: It is no whole zip. no.zip: It is no whole zip.")
    size = whole.rindex(b"PK\x01\x02") + 24  # the directory's word on the size
    drop(page, {"bomb.zip": whole[:size] + b"\x05\x00\x00\x00" + whole[size + 4 :]})
    done(page, 1, ", 1 failed")
    page.locator(".tile").click()
    expect(page.locator("#detail-notes")).to_have_text("The file cannot be read: it is longer than the zip says")
