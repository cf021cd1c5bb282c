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


def old_zip(members):
    """As tools before Unicode wrote them: names in code page 437, without the flag of UTF-8."""
    stand_ins = {name: "".join(letter if letter.isascii() else "~" for letter in name) for name in members}
    whole = packed({stand_ins[name]: data for name, data in members.items()})
    for name, stand_in in stand_ins.items():
        whole = whole.replace(stand_in.encode(), name.encode("cp437"))
    return whole


def test_packed_and_stored_members(visit):
    page = visit()
    cells = {"slide/é1.png": encoded("basophil"), "slide/b.txt": b"-", "__MACOSX/slide/._1.png": b"-"}
    drop(page, {"a.zip": packed(cells), "b.ZIP": packed({"2.png": encoded("lymphocyte")}, zipfile.ZIP_STORED)})
    done(page, 2)
    assert tiles(page) == ["Basophil, 99%, slide/é1.png", "Lymphocyte, 99%, 2.png"]
    expect(page.locator("#problem")).to_have_text("2 other files are no images by name and passed over.")


def test_names_that_collide_are_told_apart_and_old_zips_are_read_right(visit):
    page = visit()
    flagged = packed({"1.png": encoded("lymphocyte"), "sub/1.png": encoded("eosinophil")})
    drop(page, {"a.zip": packed({"1.png": encoded("basophil")}), "b.zip": flagged, "1.png": encoded("eosinophil")})
    done(page, 4)
    assert tiles(page) == [
        "Basophil, 99%, 1.png", "Lymphocyte, 99%, b/1.png", "Eosinophil, 99%, sub/1.png", "Eosinophil, 99%, 1 (2).png",
    ]  # fmt: skip
    expect(page.locator("#problem.calm")).to_have_text("2 images have the name of another: “b/1.png” tells them apart.")
    drop(page, {"old.zip": old_zip({"Müller.png": encoded("basophil"), "é.png": encoded("basophil")})})
    done(page, 6)
    assert [name.split(", ")[-1] for name in tiles(page)[4:]] == ["Müller.png", "é.png"]


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
