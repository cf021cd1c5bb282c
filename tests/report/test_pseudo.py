import re

import pytest

from hemascope.report.page import write_report
from hemascope.report.pseudo import costs, draw_costs, pseudo_part, pseudo_words
from tests.evaluate.pseudo.test_result import result


def test_costs_are_those_of_the_operations_alone():
    measured = costs(result())
    assert measured.titles == ("Pixelate 0.75", "Shift suite: Hue", "Flip 0.5")
    assert measured.lost.tolist() == [0.3, 0.1, 0.0]
    assert measured.low.tolist() == pytest.approx([0.29, 0.09, -0.01])


def test_figure_names_every_operation():
    figure = draw_costs(costs(result()))
    assert {"Pixelate 0.75", "Shift suite: Hue", "Flip 0.5"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", figure))
    assert "Pixelate 0.75 30.0, Shift suite: Hue 10.0" in figure


def test_words():
    assert pseudo_words(result()) == [
        "Of transformed copies 75.0% are right, of the images as they are 95.0%. With the predictions averaged over "
        "the 12 copies of an image it is 85.0%.",
        "Alone, these cost most accuracy: Pixelate 0.75 (30.0 points), Shift suite: Hue (10.0 points).",
    ]


def test_no_pseudo_validation_no_part():
    assert pseudo_part(None) is None


def test_page_shows_it_where_it_was_run(run):
    assert 'id="pseudo"' not in write_report(run).read_text()
    result().write(run)
    page = write_report(run).read_text()
    assert 'id="pseudo"' in page
    assert "12 copies of each of 50 images of val" in page
    assert re.search(r"Pixelate 0.75</th><td>65.0%<small>63.0–67.0</small></td>", page)  # noqa: RUF001
