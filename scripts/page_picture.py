"""Draws docs/pictures/page.jpg: the page over synthetic smears, in a headless Chromium. Needs playwright.

python scripts/page_picture.py
"""

import shutil
import socket
import tempfile
import threading
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from hemascope.cells import CELLS
from hemascope.data.smears import draw
from hemascope.serve.lifecycle import configuration
from hemascope.serve.settings import Settings

TARGET = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "page.jpg"
IMAGES, SEED = 96, 11


def main() -> None:
    """Serve, drop the smears, correct a cell, and take the picture."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(configuration(Settings()))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name) / "slide"
        folder.mkdir()
        for i in range(IMAGES):
            Image.fromarray(draw(SEED, i, 192).image).save(folder / f"{i:02}.png")
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        page.locator("#classes kbd").first.wait_for(state="attached")
        page.locator("#folder").set_input_files(folder)
        page.locator("#progress.done").wait_for()
        correct_one(page)
        page.locator(".tile").nth(10).focus()
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(1500)  # the pictures come in after the answers
        page.screenshot(path=TARGET, type="jpeg", quality=85)
        chromium.close()
    server.should_exit = True
    thread.join()


def correct_one(page: Page) -> None:
    """Give the first cell in sight that is labelled wrongly its right label, by its key."""
    for i, tile in enumerate(page.locator(".tile").all()):
        right = i % len(CELLS)  # the order of the drawings
        if not (tile.get_attribute("aria-label") or "").startswith(CELLS[right].title):
            tile.focus()
            page.keyboard.press(str(right + 1))
            break


if __name__ == "__main__":
    main()
