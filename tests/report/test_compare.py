from html.parser import HTMLParser

import numpy as np
import pytest

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.comparison import compare_contenders
from hemascope.evaluate.compare.paired import Difference
from hemascope.report.compare import Series, as_markdown, claim, draw_scores, notes, verdict, write_comparison
from tests.evaluate.compare.conftest import contender


@pytest.fixture
def found():
    return compare_contenders([contender("<good>", 5), contender("bad", 1), contender("so | so", 5, seed=3)])


def test_no_difference_is_claimed_where_the_interval_holds_zero():
    assert claim(Difference(-0.01, -0.02, 0.001, 0.04, 0.04)) == "no difference shown"
    assert claim(Difference(-0.01, -0.02, -0.001, 0.01, 0.2)) == "no difference shown"
    assert claim(Difference(-0.01, -0.02, -0.001, 0.01, 0.02)) == "worse"
    assert claim(Difference(0.01, 0.001, 0.02, 0.01, 0.02)) == "better"


def test_the_verdict_says_how_many_differ(found):
    assert "is highest: accuracy" in verdict(found)
    assert "1 of 2 differ from" in verdict(found)
    assert "flattered by chance" in " ".join(notes(found))
    same = compare_contenders([contender("a", 3, seed=1), contender("b", 3, seed=2)], against="a")
    assert verdict(same).endswith("No difference from a is beyond doubt.")
    assert "flattered" not in " ".join(notes(same))


def test_the_page_stands_alone_and_escapes(found, tmp_path):
    page = write_comparison(tmp_path, found)
    html = page.read_text()
    assert "&lt;good&gt;" in html
    assert "<good>" not in html
    assert "http" not in html.replace("http://www.w3.org", "")
    assert "<script" not in html
    HTMLParser().feed(html)
    table = (tmp_path / "compare.csv").read_text().splitlines()
    assert len(table) == 4
    assert table[0].startswith("run,network,split,accuracy,accuracy_low")


def test_the_markdown_has_a_row_a_model(found):
    text = as_markdown(found)
    assert "| so \\| so |" in text
    assert text.count("no difference shown") == 1
    assert "## Cost" in text


def test_a_chart_tells_its_numbers_to_those_who_do_not_see_it():
    series = [Series("report", [Score(0.3, 0.3, 0.3), None], hollow=True), Series("ours", [None, Score(0.5, 0.4, 0.6)])]
    drawn = draw_scores(["a", "b" * 60], series, "Accuracy: a 30%, b 50%.")
    assert 'aria-label="Accuracy: a 30%, b 50%."' in drawn
    assert "…" in drawn
    assert np.char.count(drawn, "nan") == 0
