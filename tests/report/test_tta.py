from hemascope.report.page import write_report
from hemascope.report.tta import tta_part, tta_words
from tests.evaluate.test_tta import compared


def test_words_tell_gain_cost_and_advice():
    cost, advice = tta_words(compared())
    assert "Averaging over 8 views" in cost
    assert "takes 7.5 times as long (15.0 instead of 2.0 ms an image)" in cost
    assert advice.startswith("It wins here")


def test_page_shows_it_where_it_was_measured(run):
    assert tta_part(None) is None
    assert 'id="tta"' not in write_report(run).read_text()
    compared(split="val").write(run)
    page = write_report(run).read_text()
    assert 'id="tta"' in page
    assert "8 views of each of 400 images of val" in page
    assert "All other scores of this page are without it." in page
    compared(split="val", applied=True).write(run)
    assert "All scores of this page are with it." in write_report(run).read_text()
