import dataclasses

import numpy as np
import pandas as pd
import pytest

from hemascope.errors import HemascopeError, RunError
from hemascope.evaluate.compare.comparison import compare_contenders
from hemascope.evaluate.compare.contender import HIDDEN, image_names
from hemascope.evaluate.compare.hidden import Hidden
from tests.evaluate.compare.conftest import contender, said_by


def test_the_best_is_first_and_the_others_are_compared_with_it():
    found = compare_contenders([contender("bad", 1), contender("good", 5)])
    assert [row.contender.name for row in found.rows] == ["good", "bad"]
    assert found.reference == "good"
    assert found.rows[0].differences == {}
    difference = found.rows[1].differences["clean"]["accuracy"]
    assert difference.certain
    assert difference.value < 0
    assert found.images == found.groups == 300


def test_a_reference_may_be_named():
    found = compare_contenders([contender("bad", 1), contender("good", 5)], against="bad")
    assert found.chosen
    assert found.rows[0].differences["clean"]["accuracy"].value > 0
    with pytest.raises(HemascopeError, match="'worse' is none of those compared"):
        compare_contenders([contender("bad", 1)], against="worse")


def test_equal_models_are_not_said_to_differ():
    found = compare_contenders([contender("a", 3, seed=1), contender("b", 3, seed=2), contender("c", 3, seed=3)])
    assert not any(row.differences["clean"]["accuracy"].certain for row in found.rows[1:])


def test_groups_of_a_manifest_are_kept_together():
    names = image_names(said_by(3).table)
    groups = pd.Series(np.repeat(np.arange(100), 3), index=names)
    apart = compare_contenders([contender("a", 3), contender("b", 2)])
    together = compare_contenders([dataclasses.replace(contender("a", 3), groups=groups), contender("b", 2)])
    assert (together.images, together.groups) == (300, 100)
    assert together.rows[0].scores["clean"]["accuracy"].value == apart.rows[0].scores["clean"]["accuracy"].value


def hidden(name, margin, settings=None):
    plain = contender(name, margin)
    copies = said_by(margin / 2).rows(np.tile(np.arange(300), 2))
    return dataclasses.replace(plain, views={**plain.views, HIDDEN: copies}, hidden=settings or Hidden())


def test_the_hidden_view_is_compared_by_image():
    found = compare_contenders([hidden("a", 6), hidden("b", 2)], by=(HIDDEN, "accuracy"))
    assert (found.images, found.groups) == (600, 300)
    assert found.rows[1].differences[HIDDEN]["accuracy"].certain
    assert {"hidden_accuracy", "hidden_accuracy_difference_p", "f1_low", "minutes"} <= set(found.table().columns)


def test_views_that_cannot_be_compared_are_refused():
    with pytest.raises(RunError, match="differently made hidden images"):
        compare_contenders([hidden("a", 6), hidden("b", 2, Hidden(seed=1))])
    with pytest.raises(HemascopeError, match="b: not scored in the view 'hidden'"):
        compare_contenders([hidden("a", 6), contender("b", 2)], by=(HIDDEN, "accuracy"))


def test_one_alone_is_measured_without_differences():
    found = compare_contenders([contender("a", 3)])
    assert found.rows[0].scores["clean"]["f1"].value > 0.5
    assert found.rows[0].differences == {}
