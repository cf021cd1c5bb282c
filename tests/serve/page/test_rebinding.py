"""A page of another site, whose name resolves to this machine, in a real browser."""


def test_a_name_that_resolves_to_this_machine_shows_nothing(browser, serve, judge):
    context = browser.new_context()
    page = context.new_page()
    # Chromium takes every name under .localhost for this machine, without asking anybody.
    response = page.goto(f"http://evil.localhost:{serve(judge)}/v1/model")
    assert response.status == 421
    assert "misdirected" in page.content()
    context.close()
