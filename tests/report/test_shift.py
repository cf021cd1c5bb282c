import re

import numpy as np
import pytest

from hemascope.report.page import write_report
from hemascope.report.shift import draw_shift, shift_part, shift_scores, shift_words
from tests.evaluate.shift.test_result import result

SCORES = {"hue": [0.9, 0.8], "bubble": [0.6, 0.4], "random": [0.7, 0.6]}


def test_most_harmful_first():
    scores = shift_scores(result(SCORES))
    assert scores.names == ("bubble", "random", "hue")
    assert scores.titles == ("Bubbles", "Random, 1 to 3 at once", "Hue")
    assert scores.severities == (1, 2)
    assert scores.values.tolist() == [[0.6, 0.4], [0.7, 0.6], [0.9, 0.8]]
    assert scores.mean.tolist() == pytest.approx([0.5, 0.65, 0.85])
    assert scores.clean == 0.9


def test_figure_has_a_dot_for_every_number():
    figure = draw_shift(shift_scores(result(SCORES)))
    assert "0.900 on clean images, mean of the severities: Bubbles 0.500" in figure
    assert {"Bubbles", "Hue", "severity 1", "severity 2", "clean images"} <= set(
        re.findall(r"<text[^>]*>([^<]*)</text>", figure)
    )
    assert np.isfinite([float(x) for x in re.findall(r'<use x="([\d.]+)"', figure)]).all()


def test_words():
    assert shift_words(result(SCORES)) == [
        "Balanced accuracy is 90.0% on the clean images. It loses most under Bubbles (50.0%), "
        "Random, 1 to 3 at once (65.0%) and Hue (85.0%), as a mean over the severities.",
        "The worst case is Bubbles, severity 2: 40.0%.",
    ]
    assert "loses most under Bubbles (80.0%), as" in shift_words(result({"bubble": [0.8], "hue": [0.9]}))[0]
    (said,) = shift_words(result({"hue": [0.9]}))
    assert "no corruption takes more than half a percentage point" in said


def test_no_suite_no_part():
    assert shift_part(None) is None


def test_page_shows_the_suite_where_it_was_run(run):
    assert 'id="shift"' not in write_report(run).read_text()
    result(SCORES).write(run)
    page = write_report(run).read_text()
    assert 'id="shift"' in page
    assert "Measured on 50 images of val, framed to 224 " in page
    assert re.search(r"Bubbles</th><td class=\"text\">occlusion</td><td>60.0%</td><td>40.0%</td><td>50.0%", page)
