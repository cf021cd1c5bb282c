import re

import pytest

from hemascope.evaluate.bootstrap import Score
from hemascope.report.search import draw_importance, ranked, trust


def test_the_largest_is_on_top_with_its_share():
    measured = ranked({"hue": 0.25, "stain": 0.75})
    assert measured.names == ("stain", "hue")
    assert measured.shares.tolist() == [0.75, 0.25]
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", draw_importance(measured))
    assert {"stain", "hue", "75.0%", "25.0%"} <= set(labels)


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Score(0.02, 0.01, 0.03), "it holds"),
        (Score(0.02, -0.01, 0.03), "not beyond doubt"),
        (Score(-0.02, -0.03, -0.01), "keep the recipe's own"),
    ],
)
def test_a_gain_is_trusted_where_its_interval_is_above_zero(gain, said):
    assert said in trust(gain)
