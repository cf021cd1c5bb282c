"""A real browser on a real service."""

import os
import re
import shutil
from contextlib import contextmanager

import pytest

from tests.predict.model import write_model

LOADED = re.compile(", [0-9a-f]{8}$")
"""The end of the line about the model, once it is there."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def started_browser():
    """A headless Chromium; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    found = os.environ.get("HEMASCOPE_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_api.sync_playwright() as playwright:
        try:
            # Without a sandbox, because containers let no browser make one; it visits the test's own service only.
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except sync_api.Error as problem:
            pytest.skip(f"no browser can be started (name one in HEMASCOPE_BROWSER): {str(problem).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="package")  # not longer: while playwright lives, other tests can run no event loop
def browser():
    """The browser of these tests."""
    with started_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """The tiny model with an output ``unknown``, bright pictures are unknown, and attributes of red and green ones."""
    return write_model(tmp_path_factory.mktemp("page") / "model.onnx", unknown=0.7, attributes=True)


@pytest.fixture
def visit(browser, serve, judge):
    """Opens the page of a service: gives it once the model is loaded. Any error in it fails the test."""
    contexts, errors = [], []

    def go(model=judge, *, ready=True, route=None, **looks):
        settings = {name: looks.pop(name) for name in ("token", "detector") if name in looks}
        context = browser.new_context(viewport=looks.pop("size", {"width": 1280, "height": 860}), **looks)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: errors.extend(foreign(request.url)))
        if route:
            page.route(*route)
        page.goto(f"http://127.0.0.1:{serve(model, **settings)}/")
        if ready:
            page.locator("#model", has_text=LOADED).wait_for()
        return page

    yield go
    for context in contexts:
        context.close()
    assert errors == []


def foreign(url):
    """Requests that leave the service."""
    return [] if url.startswith(("http://127.0.0.1:", "blob:", "data:")) else [f"request to {url}"]
