"""The page's arithmetic against SciPy's."""

import pytest
from scipy.stats import binomtest

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
