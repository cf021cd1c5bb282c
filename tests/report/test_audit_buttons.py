"""The audit's page in a real browser: verdicts by buttons, and the findings.csv that it gives back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hemascope.audit.findings import Audit, Finding, each_finding
from hemascope.audit.findings_file import read_findings_csv
from hemascope.audit.verdicts import cleaned
from hemascope.report.audit_page import write_audit_page
from tests.audit.by_hand import FOUND, audit_by_hand
from tests.serve.page.conftest import started_browser

GUESS = Finding(9, "label", 0.97, 'says "so", looks like another', (), label="immature_granulocyte")


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audit_by_hand(tmp_path_factory.mktemp("made") / "cells", found=(*FOUND, GUESS))


@pytest.fixture(scope="module")
def browser() -> Any:
    with started_browser() as found:
        yield found


@pytest.fixture
def page(browser: Any, audit: Audit, tmp_path: Path) -> Any:
    file = write_audit_page(tmp_path, audit, "hemascope audit cells -o audit")
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert errors == []


def test_verdicts_by_buttons_are_read_back(page: Any, audit: Audit, tmp_path: Path) -> None:
    bar = page.locator("#decided")
    assert bar.is_hidden()
    label = page.locator("section[aria-labelledby=label] figure[data-line]")
    first = label.nth(0)  # the audit's surest has no guess: any class may be chosen
    assert first.locator("button").all_inner_texts() == ["keep", "drop"]
    first.locator("select").select_option("platelet")
    assert first.locator(".badge").inner_text() == "relabel"
    label.nth(1).get_by_role("button", name="is Immature granulocyte").click()
    junk = page.locator("section[aria-labelledby=junk] figure[data-line]").first
    junk.get_by_role("button", name="keep").click()
    blur = page.locator("section[aria-labelledby=blur] figure[data-line]").first
    blur.get_by_role("button", name="drop").click()
    assert page.locator("#count").inner_text() == "4 verdicts changed."
    blur.get_by_role("button", name="drop").click()  # once more takes it back
    assert blur.locator(".badge").inner_text() == "review"
    assert page.locator("#count").inner_text() == "3 verdicts changed."
    assert "--apply --findings findings.csv" in bar.inner_text()

    with page.expect_download() as given:
        page.get_by_role("button", name="Download findings.csv").click()
    given.value.save_as(tmp_path / given.value.suggested_filename)
    found = list(each_finding(read_findings_csv(tmp_path / "findings.csv", audit.manifest)))
    wanted = {(4, "label"): ("relabel", "platelet"), (9, "label"): ("relabel", GUESS.label), (5, "junk"): ("keep", "")}
    for one, before in zip(found, each_finding(audit.findings), strict=True):
        verdict, new = wanted.get((one.row, one.kind), (before.verdict, before.label))
        assert one == before._replace(verdict=verdict, label=new, score=one.score)
    clean = cleaned(audit.manifest, read_findings_csv(tmp_path / "findings.csv", audit.manifest))
    assert list(clean.table["label"][[4, 9]]) == ["platelet", "immature_granulocyte"]
    changed = np.flatnonzero((clean.table["label"] != audit.manifest.table["label"]).to_numpy())
    assert changed.tolist() == [4, 9]


def test_a_page_that_is_left_with_verdicts_asks(page: Any) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.locator("section[aria-labelledby=junk]").get_by_role("button", name="keep").click()
    page.reload()
    assert dialogs == ["beforeunload"]
    assert page.locator("#decided").is_hidden()
