import csv
import math

import numpy as np
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.errors import HemascopeError
from hemascope.predict.card import ModelCard
from hemascope.predict.differential.confusion import Confusion
from hemascope.predict.differential.differential import COLUMNS, differential

OFTEN = np.eye(8) * 95 + np.roll(np.eye(8), 1, axis=1) * 5
CARD = ModelCard("m", BLOOD_CLASSES, 96, confusion=Confusion(OFTEN, np.zeros(8), "cells of val").as_card())
PLAIN = ModelCard("m", BLOOD_CLASSES, 96)
CALLED = {"neutrophil": 60, "lymphocyte": 40, "erythroblast": 5, "platelet": 20}


def lines(found):
    return {line.name: line for line in found.lines}


def test_leucocytes_erythroblasts_and_platelets_are_counted_as_laboratories_do():
    found = differential(CALLED, PLAIN, unknown=3, failed=1)
    line = lines(found)
    assert found.leucocytes == 100
    assert (line["neutrophil"].value, line["lymphocyte"].value) == pytest.approx((60, 40))
    assert line["erythroblast"].value == pytest.approx(5)  # per 100 leucocytes
    assert (line["platelet"].cells, line["platelet"].value, line["platelet"].low) == (20, None, None)
    assert (found.unknown, found.failed, found.corrected) == (3, 1, False)
    assert "miss the model's errors" in found.notes[0]
    assert found.heading == "Differential of 100 leucocytes"
    assert ("Unknown, in no class", "3", "", "") in found.rows


def test_shares_are_corrected_by_what_the_card_says_is_confused():
    found = differential(CALLED, CARD)
    line = lines(found)
    assert found.corrected
    assert sum(one.value for one in found.lines if one.counted == "differential") == pytest.approx(100)
    assert line["neutrophil"].plain == 60
    assert line["neutrophil"].value > 61  # of which 5 in 100 are called platelets
    assert line["monocyte"].value == pytest.approx(0, abs=0.01)
    assert "counted on 800 cells of val" in found.notes[0]
    for one in found.lines:
        assert one.value is None or one.low <= one.value <= one.high
    width = line["neutrophil"].high - line["neutrophil"].low
    plain = lines(differential(CALLED, PLAIN))["neutrophil"]
    assert width > plain.high - plain.low


def test_the_cells_that_a_precision_takes():
    found = differential(CALLED, PLAIN, precision=5)
    line = lines(found)
    expected = 1.96**2 * 0.6 * 0.4 / 0.05**2 * 1.25 - 125  # of all cells, of which four fifths are leucocytes
    assert line["neutrophil"].more == pytest.approx(expected, rel=0.15)
    assert line["basophil"].more == 0
    assert line["platelet"].more is None
    assert "bring every share within 5 percentage points" in found.notes[-1]
    assert differential({"neutrophil": 9000}, PLAIN, precision=5).notes[-1] == (
        "Every share is within 5 percentage points."
    )
    few = Confusion(OFTEN / 20, np.zeros(8), "cells of a laboratory").as_card()
    never = differential(CALLED, ModelCard("m", BLOOD_CLASSES, 96, confusion=few), precision=1)
    assert math.isinf(lines(never)["neutrophil"].more)
    assert "the model's errors alone reach further" in never.notes[-1]
    assert never.rows[6][-1] == "never"


@pytest.mark.parametrize("precision", [0, -1, math.nan, math.inf])
def test_a_precision_must_be_one(precision):
    with pytest.raises(HemascopeError, match="cannot be had"):
        differential(CALLED, PLAIN, precision=precision)


def test_of_nothing_there_is_no_share():
    for called in ({}, {"platelet": 3}):
        found = differential(called, CARD, unknown=2, precision=2)
        assert called or {line.value for line in found.lines} == {None}
        assert found.unknown == 2
        found._repr_html_()
    assert differential({}, CARD, precision=2).notes[-1] == "There is no share yet."


def test_classes_of_another_set_are_cells():
    found = differential({"smudge": 2, "blast": 2}, ModelCard("m", ("blast", "smudge"), 8), warning="They are unlike.")
    assert found.heading == "Differential of 4 cells"
    assert found.notes[0] == "They are unlike."
    assert [line.value for line in found.lines] == [50, 50]


def test_the_table_says_what_its_intervals_hold(tmp_path):
    differential(CALLED, CARD, unknown=3).write(tmp_path / "differential.csv")
    with (tmp_path / "differential.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["class"] for row in rows] == [*BLOOD_CLASSES, "unknown", "failed"]
    assert {row["interval"] for row in rows} == {"chance and the model's errors", ""}
    assert (rows[6]["unit"], rows[6]["cells"], rows[6]["plain"]) == ("%", "60", "60")
    assert rows[2]["unit"] == "per 100 leucocytes"
    assert (rows[7]["unit"], rows[7]["value"]) == ("cells", "")
    assert rows[8]["cells"] == "3"


def test_a_notebook_shows_it():
    shown = differential(CALLED, CARD)._repr_html_()
    assert "<caption>Differential of 100 leucocytes</caption>" in shown
    assert "Immature granulocyte" in shown
