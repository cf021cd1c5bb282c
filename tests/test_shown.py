import pytest

from hemascope.shown import bare_percent, interval, paragraphs, percent, points, table, with_interval


@pytest.mark.parametrize("value", [0.9995, 0.99951, 0.9999999, 1e-9, 0.00001, 0.5, 0.12345])
def test_percent_never_rounds_to_certainty(value):
    text = bare_percent(value)
    assert text not in ("0", "100", "0.0", "100.0")
    if text[0] not in "<>":
        assert float(text) == pytest.approx(100 * value, abs=0.05)


def test_percent_of_nothing():
    assert percent(None) == percent(float("nan")) == "–"  # noqa: RUF001


def test_nothing_of_the_text_is_taken_for_html():
    assert "<td>a &lt;b&gt;</td>" in table(["Run"], [["a <b>"]], caption="x & y")
    assert "<caption>x &amp; y</caption>" in table(["Run"], [], caption="x & y")
    assert paragraphs(["<script>"]) == "<p>&lt;script&gt;</p>"


def test_one_point_is_no_interval():
    assert interval({"value": 1.0, "low": 1.0, "high": 1.0}) == "–"  # noqa: RUF001
    assert with_interval((1.0, float("nan"), float("nan"))) == with_interval((1.0, None, None)) == "100%"
    assert points((0.01, float("nan"), float("nan"))) == "+1.00"
    assert points((0.0, 0.0, 0.0)) == "+0.00 [+0.00 to +0.00]"
