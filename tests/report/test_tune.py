import re
from dataclasses import replace

import numpy as np
import pytest

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.tune.result import score_text
from hemascope.report.tune import (
    draw_curves,
    draw_history,
    draw_slice,
    history,
    search_words,
    slices,
    write_search_report,
)
from tests.evaluate.tune.test_result import RATE, tuned

FOUND = tuned(0.8, 0.85, 0.95, 0.9, pruned=(3,))


def test_history_has_a_place_for_every_trial_and_the_best_so_far():
    measured = history(FOUND)
    assert measured.scores.tolist() == pytest.approx([0.8, 0.85, 0.95, 0.8])
    assert measured.pruned.tolist() == [False, False, False, True]
    assert measured.best.tolist() == [0.8, 0.85, 0.95, 0.95]
    assert measured.own == 0.8
    assert "4 trials, 1 pruned. Best val_accuracy 0.9500." in draw_history(measured, FOUND.monitor)
    loss = tuned(0.8, 0.5, 0.9, monitor="val_loss", lower_is_better=True)
    assert history(loss).best.tolist() == [0.8, 0.5, 0.5]


def test_slices_have_numbers_or_choices():
    rate, dense = slices(FOUND)
    assert (rate.key, rate.log, rate.labels) == (RATE, True, None)
    assert rate.values.tolist() == pytest.approx([0.001, 0.002, 0.003, 0.004])
    assert (dense.labels, dense.values.tolist()) == (("None", "64"), [0, 1, 0, 1])
    assert np.flatnonzero(rate.chosen).tolist() == [2]
    assert np.flatnonzero(rate.own).tolist() == [0]
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", draw_slice(dense, "val_accuracy", 1))
    assert {"None", "64", "head.dense"} <= set(labels)


def test_a_value_that_a_log_axis_lacks_is_left_out():
    own = replace(FOUND.own, values={**FOUND.own.values, RATE: 0.0})
    rate, _ = slices(replace(FOUND, trials=(own, *FOUND.trials[1:])))
    assert len(rate.values) == len(rate.scores) == 3
    assert not rate.own.any()


def test_a_trial_that_diverged_at_once_has_no_score_and_no_curve():
    gone = replace(FOUND.trials[1], curve=(), pruned=True)
    found = replace(FOUND, trials=(FOUND.trials[0], gone, *FOUND.trials[2:]))
    assert np.isnan(history(found).scores[1])
    assert draw_curves(found)
    assert score_text(gone.value, "val_loss") == "–"  # noqa: RUF001


def test_curves_name_the_chosen_and_the_recipes_own():
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", draw_curves(FOUND))
    assert {"chosen", "recipe's own", "epoch"} <= set(labels)


def test_words_say_what_holds():
    worth, fresh, val, setting, mattered = search_words(FOUND)
    assert worth.startswith("Trial 2, the best of 3, gains +2.00 [+1.00 to +3.00] percentage points of accuracy on")
    assert worth.endswith("images kept apart: it holds.")
    assert fresh.startswith("On those 600 images, which had no say, its accuracy is 90.0%")
    assert "flattered by chance" in val
    assert "2 epochs on 2,000 images at 64 px; 1 of 3 were ended early." in setting
    assert mattered == "What mattered most: optimizer.learning_rate (70.0%), head.dense (30.0%)."
    for gain, said in ((Score(0.01, -0.01, 0.03), "not beyond doubt"), (Score(-0.03, -0.04, -0.01), "keep the recipe")):
        test = replace(FOUND.measured["test"], gain={**FOUND.measured["test"].gain, "accuracy": gain})
        assert said in search_words(replace(FOUND, measured={"test": test}))[0]
    assert search_words(tuned(0.9, 0.8))[0].startswith("The recipe's own values stay: of the others tried (1) none")


def test_page(tmp_path):
    page = write_search_report(tmp_path, FOUND, "cells & more").read_text()
    assert page.startswith("<!doctype html>")
    assert "hemascope search: cells, cells &amp; more" in page
    assert ">2, chosen<" in page
    assert ">3, pruned<" in page
    assert ">0, recipe&#39;s own<" in page or ">0, recipe's own<" in page
    assert page.count("<svg") == 5
    assert len(set(re.findall(r' id="([^"]+)"', page))) == len(re.findall(r' id="([^"]+)"', page))
    assert "<script" not in page
    assert 'src="http' not in page


def test_page_where_the_recipes_own_values_stay(tmp_path):
    page = write_search_report(tmp_path, tuned(0.9, 0.8, importance={}), "cells").read_text()
    assert "The recipe&#39;s own values stay" in page
    assert "Too few trials to tell." in page
