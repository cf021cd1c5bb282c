"""The workbook for spreadsheets, and what text does in it."""

import zipfile
from xml.etree import ElementTree

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, downloaded, drop

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows(book, number):
    """A sheet's rows, texts and numbers."""
    sheet = ElementTree.fromstring(zipfile.ZipFile(book).read(f"xl/worksheets/sheet{number}.xml"))
    assert not list(sheet.iter(f"{MAIN}f"))  # no formula
    return [[value(cell) for cell in row] for row in sheet.iter(f"{MAIN}row")]


def value(cell):
    if cell.get("t") == "inlineStr":
        return cell.find(f"{MAIN}is/{MAIN}t").text
    number = cell.find(f"{MAIN}v")
    return None if number is None else float(number.text)


def test_results_and_differential(visit, tmp_path):
    page = visit()
    drop(page, {"=1+1&<é>.png": encoded("basophil"), "b\x0b_x0041_.png": encoded("basophil"), "bad.png": b"no"})
    done(page, 3, ", 1 failed")
    page.get_by_label("Note").fill('=HYPERLINK("http://a.example")')
    book = downloaded(page, "Workbook", tmp_path / "book.xlsx")
    cells, differential = rows(book, 1), rows(book, 2)
    assert cells[0][:2] == ["path", "label"]
    assert [row[0] for row in cells[1:]] == ["=1+1&<é>.png", "b_x000B__x005F_x0041_.png", "bad.png"]
    assert (cells[1][1], cells[3][8]) == ("basophil", "not a picture of a known format")
    assert 0.9 < cells[1][2] <= 1
    assert ["Note", '=HYPERLINK("http://a.example")'] in differential
    found = next(row for row in differential if row[:1] == ["Basophil"])
    assert (found[1:4], found[6:8]) == (["%", 2, 100], [2, 100])
