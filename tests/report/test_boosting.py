import numpy as np

from hemascope.report.boosting import boosting_part, boosting_words, curves, draw_boosting
from hemascope.report.page import write_report
from hemascope.train.boosting.ledger import BoostingLog, Round

from .test_figures import texts


def log(rounds: int, over: str = "networks", stopped: str = "") -> BoostingLog:
    made = [Round(0.2 + 0.01 * i, 3.0 - 0.1 * i, 0.8, 0.7, 0.7 + 0.005 * i, 12.5) for i in range(rounds)]
    return BoostingLog(over, 30, 0.875, tuple(made), stopped)


def test_curves_and_figure():
    shown = curves(log(3))
    np.testing.assert_allclose(shown.rounds, [1, 2, 3])
    np.testing.assert_allclose(shown.error, [0.2, 0.21, 0.22])
    np.testing.assert_allclose(shown.alpha, [3.0, 2.9, 2.8])
    np.testing.assert_allclose(shown.together, [0.7, 0.705, 0.71])
    figure = draw_boosting(log(3))
    assert "over 3 rounds: validation accuracy 0.7000 of the first learner, 0.7100 of all together." in figure
    assert {"together", "alone", "weighted error", "vote", "round"} <= set(texts(figure))


def test_words():
    assert boosting_words(log(3))[1].endswith("all together 71.0% (+1.0 percentage points).")
    assert boosting_words(log(2, "features"))[0].startswith("2 decision trees on the features")
    assert "ended after 2 of 30 rounds: nothing left." in boosting_words(log(2, stopped="nothing left"))[-1]


def test_nothing_boosted_and_a_long_table():
    assert boosting_part(None) is None
    assert boosting_part(log(0)) is None
    part = boosting_part(log(29))
    assert part is not None
    numbers = [number for number, _ in part["rows"]]
    assert (len(numbers), numbers[0], numbers[-1]) == (20, 1, 29)


def test_in_the_page(run):
    log(3).write(run)
    html = write_report(run).read_text(encoding="utf-8")
    assert '<h2 id="boosting">Boosting</h2>' in html
    assert "The best on validation images was epoch" not in html
