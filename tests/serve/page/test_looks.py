"""That things have room: large counts, a phone, the banner, the drawn cells."""

import json

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect, tiles
from tests.serve.page.test_access import PHONE

LARGE = """async () => {
    const [{ report }, { Classes }] = await Promise.all([import("/report.js"), import("/classes.js")]);
    const { classes } = await (await fetch("/v1/classes")).json();
    const cells = classes.flatMap(({ name }) => Array(7654).fill({ error: "", answer: { label: name }, given: null }));
    report(cells, new Classes(classes));
    const right = document.querySelector("#report").getBoundingClientRect().right;
    const ends = [...document.querySelectorAll("#differential td")].map((cell) => cell.getBoundingClientRect().right);
    return right - Math.max(...ends);
}"""


def test_the_differential_has_room_for_large_counts_and_a_phone_for_cells(visit):
    page = visit()
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    assert page.evaluate(LARGE) > 10
    page.set_viewport_size(PHONE)
    expect(page.locator("#report")).to_be_hidden()
    assert page.locator("#grid").bounding_box()["y"] < 500
    page.get_by_role("button", name="Differential").click()
    expect(page.locator("#report")).to_be_visible()


def test_drawn_cells_to_try_and_the_word_on_unlike_images(visit):
    def unlike(route):
        answer = route.fetch().json()
        answer["unlike"] = {"score": 7.0, "message": "Unlike the images learnt from."}
        route.fulfill(body=json.dumps(answer), content_type="application/json")

    page = visit(route=("**/v1/predict", unlike))
    page.get_by_role("button", name="Try drawn cells").click()
    done(page, 12)
    assert tiles(page)[0].endswith("drawn cells/01-basophil.jpg")
    expect(page.locator("#unlike")).to_have_text("Unlike the images learnt from.")
    page.emulate_media(media="print")
    expect(page.locator("#unlike")).to_be_visible()
    page.unroute("**/v1/predict")
    page.emulate_media(media="screen")
    drop(page, {f"{i}.png": encoded("basophil") for i in range(13)})
    done(page, 25)
    expect(page.locator("#unlike")).to_be_hidden()  # most are not
