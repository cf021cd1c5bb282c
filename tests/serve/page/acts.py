"""What a user does on the page."""

import csv
from base64 import b64encode

import pytest

from tests.predict.pictures import encoded

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright").expect

DROP = """files => {
    const transfer = new DataTransfer();
    for (const [name, data] of files) {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
    }
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def drop(page, files):
    """Drop files of name -> bytes."""
    page.evaluate(DROP, [[name, b64encode(data).decode()] for name, data in files.items()])


def done(page, n, text=""):
    """Wait for the end of the classifying of n images."""
    page.locator("#progress-text", has_text=f"{n:,} of {n:,} classified{text}").wait_for()


def folder_of(path, labels):
    """A folder with a picture a label, named by their numbers."""
    path.mkdir()
    for i, label in enumerate(labels):
        (path / f"{i}.png").write_bytes(encoded(label))
    return path


def tiles(page):
    """The names that screen readers say of the tiles."""
    return page.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.ariaLabel)")


def downloaded(page, button, path):
    """Where the file that a button saves is kept."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    download.value.save_as(path)
    return path


def saved(page, button):
    """The table that a button saves, as rows."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return list(csv.DictReader(download.value.path().read_text().splitlines()))
