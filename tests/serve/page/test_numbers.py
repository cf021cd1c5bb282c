"""The page's arithmetic against SciPy's."""

import re

import pytest
from scipy.stats import binomtest

from hemascope.predict.card import ModelCard
from hemascope.predict.differential.differential import differential
from tests.predict.model import CLASSES, write_model
from tests.predict.pictures import encoded
from tests.serve.page.acts import done, drop, expect
from tests.serve.test_differential import CONFUSED

DIFFERENTIAL = """async groups => {
    const { differential } = await import("/differential.js");
    const { classes } = await (await fetch("/v1/classes")).json();
    return differential(groups, (group) => group, classes);
}"""


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (1, 200), (37, 200)])
def test_wilson(visit, k, n):
    low, high = visit().evaluate("async ([k, n]) => (await import('/differential.js')).wilson(k, n)", [k, n])
    expected = binomtest(k, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_erythroblasts_and_platelets_are_counted_beside_the_leucocytes(visit):
    from hemascope.predict.shipped import DEFAULT, find

    groups = ["neutrophil"] * 6 + ["lymphocyte"] * 4 + ["erythroblast"] * 2 + ["platelet"] * 5 + ["?unknown"]
    found = visit(find(DEFAULT)).evaluate(DIFFERENTIAL, groups)
    assert found["total"] == 10
    shares = {row["cell"]["name"]: row["share"] for row in found["rows"]}
    assert shares["neutrophil"] == 60
    assert "platelet" not in shares
    red, platelets = found["beside"]
    assert (red["count"], red["per"]["value"], platelets["count"], platelets["per"]) == (2, 20, 5, None)
    interval = binomtest(2, 12).proportion_ci(method="wilson")
    assert red["per"]["low"] == pytest.approx(100 * interval.low / (1 - interval.low))
    assert red["per"]["high"] == pytest.approx(100 * interval.high / (1 - interval.high))
    assert found["unknown"] == 1


def test_what_the_model_confuses_is_corrected_until_a_person_labels(visit, tmp_path):
    page = visit(write_model(tmp_path / "m.onnx", confusion=CONFUSED))
    drop(page, {f"{i}.png": encoded(CLASSES[(i > 4) + (i > 7)]) for i in range(10)})
    done(page, 10)
    note = page.locator("#differential-note")
    expect(note).to_contain_text("counted on 300 cells of the test")
    row = page.locator("#differential tr", has_text="Eosinophil").locator("td")
    shown = [cell.inner_text() for cell in row.all()]
    assert shown[:2] == shown[2:]  # nobody has labelled a cell
    card = ModelCard("m", CLASSES, 8, confusion=CONFUSED)
    eosinophils = differential(dict(zip(CLASSES, (5, 3, 2), strict=True)), card).lines[0]
    numbers = [float(found) for found in re.findall(r"[\d.]+", shown[1])]
    assert numbers == pytest.approx([eosinophils.value, eosinophils.low, eosinophils.high], abs=0.051)
    assert eosinophils.value > 51
    page.locator(".tile").first.focus()
    page.keyboard.press("3")
    expect(note).to_contain_text("With labels by hand: as counted")
    expect(row.nth(3)).not_to_have_text(shown[3])
    assert row.nth(1).inner_text() == shown[1]
    page.emulate_media(media="print")
    expect(note).to_be_visible()
