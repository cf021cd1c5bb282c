"""A thousand images."""

from tests.predict.model import CLASSES
from tests.serve.page.acts import done, folder_of

N = 1000

SCROLL = """() => new Promise((resolve) => {
    let at = 0, steps = 0;
    const step = () => {
        scrollTo(0, (at += 400));
        if (++steps < 60) requestAnimationFrame(step);
        else resolve();
    };
    requestAnimationFrame(step);
})"""


def test_only_what_is_in_sight_exists(visit, tmp_path):
    folder = folder_of(tmp_path / "many", [CLASSES[i % 3] for i in range(N)])
    page = visit()
    page.locator("#folder").set_input_files(folder)
    done(page, N)
    page.evaluate(SCROLL)
    assert page.locator(".tile").count() < 150
    page.locator(".tile").first.focus()
    page.keyboard.press("End")
    last = page.locator(f"[data-place='{N - 1}']")
    assert last.get_attribute("aria-label").endswith("many/999.png")
    assert last.get_attribute("aria-setsize") == str(N)
