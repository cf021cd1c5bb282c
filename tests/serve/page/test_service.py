"""The page and a service that is busy, gone, or asks for a token."""

from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect
from tests.serve.page.conftest import LOADED


def test_a_busy_service_is_asked_again(visit):
    refused = []

    def busy(route):
        refused.append(route.request.url)
        if len(refused) <= 2:
            route.fulfill(status=503, headers={"Retry-After": "0.1"}, body="{}")
        else:
            route.continue_()

    page = visit(route=("**/v1/predict", busy))
    drop(page, {f"{i}.png": encoded("basophil") for i in range(20)})
    done(page, 20)
    assert len(refused) > 3


def test_what_failed_for_a_passing_reason_can_be_tried_again(visit):
    page = visit()
    page.route("**/v1/predict", lambda route: route.fulfill(status=413, body='{"detail": "Too much."}'))
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1, ", 1 failed")
    page.unroute("**/v1/predict")
    page.get_by_role("button", name="Try the failed ones again").click()
    expect(page.locator(".tile")).to_have_attribute("aria-label", "Basophil, 99%, 0.png")
    expect(page.locator("#progress-text")).to_have_text("1 of 1 classified")


def test_the_token_is_asked_for_and_kept_in_memory_only(visit):
    page = visit(ready=False, token="open-sesame")
    for given in ("wrong", "open-sesame"):
        page.get_by_label("Token", exact=True).fill(given)
        page.get_by_role("button", name="Continue").click()
        if given == "wrong":
            expect(page.locator("#ask-text")).to_have_text("That token was refused. Try again.")
    page.locator("#model", has_text=LOADED).wait_for()
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_clear_forgets_all(visit):
    page = visit()
    drop(page, {"0.png": encoded("basophil")})
    done(page, 1)
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator("#bench")).to_be_hidden()
    drop(page, {"1.png": encoded("lymphocyte")})
    done(page, 1)
    expect(page.locator(".tile")).to_have_attribute("aria-label", "Lymphocyte, 99%, 1.png")
