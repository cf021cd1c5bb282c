import re
from dataclasses import replace

import numpy as np
import pytest

from hemascope.evaluate.bootstrap import Score
from hemascope.report.tune_augment import draw_trade, strengths, trade, tuning_words, write_tuning_report
from tests.evaluate.tune.test_tuning import tuning

SCORES = ((0.95, 0.7), (0.80, 0.9), (0.95, 0.8))


def test_trade_has_a_place_for_every_trial():
    measured = trade(tuning(*SCORES))
    assert measured.clean.tolist() == pytest.approx([0.95, 0.8, 0.95])
    assert measured.pseudo.tolist() == pytest.approx([0.7, 0.9, 0.8])
    assert measured.feasible.tolist() == [True, False, True]
    assert measured.chosen == 2


def test_figure_names_the_recipes_own_and_the_chosen():
    figure = draw_trade(trade(tuning(*SCORES)))
    assert {"trial 0, the recipe's own", "trial 2", "loses on clean images"} <= set(
        re.findall(r"<text[^>]*>([^<]*)</text>", figure)
    )
    assert "chosen trial 2: 95.0 clean, 80.0 on copies" in figure


def test_words_say_what_holds():
    found = tuning(*SCORES)
    first, second = tuning_words(found)
    assert first.startswith("Trial 2 of 2: 80.0% of the transformed copies are right")
    assert "+10.00 [" in first
    assert second.endswith("on clean images: it holds.")
    doubtful = replace(found, check={**found.check, "pseudo": Score(0.01, -0.01, 0.03)}, importance={"stain": 1.0})
    assert "not beyond doubt" in tuning_words(doubtful)[1]
    assert tuning_words(doubtful)[2] == "What mattered most: stain (100%)."
    (said,) = tuning_words(tuning((0.95, 0.7), (0.5, 0.9)))
    assert said == "The recipe's own augmentation stays: of the others tried (1) none beats it."


def test_strengths_are_set_side_by_side():
    rows = {row["name"]: row for row in strengths(tuning(*SCORES))}
    assert rows["stain"] == {"name": "stain", "own": "off", "chosen": "0.04"}
    assert rows["rotation"]["own"] == "180"
    assert "hue" not in rows


def test_page(tmp_path):
    page = write_tuning_report(tmp_path, tuning(*SCORES), np.zeros((40, 60, 3), np.uint8), "cells & more").read_text()
    assert "augmentation search: cells &amp; more" in page
    assert "data:image/jpeg" in page
    assert "Too few trials to tell." in page
    assert ">2, chosen<" in page
    assert ">1, loses<" in page
    assert "<script" not in page
    assert 'src="http' not in page
