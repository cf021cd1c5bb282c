import json

import numpy as np
import pytest

from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard
from hemascope.predict.differential.confusion import MOST_CLASSES, Confusion


def test_flagged_and_unlabelled_cells_are_not_among_the_counts():
    targets, said = np.array([0, 0, 1, 1, -1]), np.array([0, 1, 1, 1, 0])
    found = Confusion.of(targets, said, 2, np.array([False, False, False, True, False]), "cells")
    assert found.counts.tolist() == [[1, 1], [0, 1]]
    assert found.flagged.tolist() == [0, 1]
    assert found.cells == 4


def test_a_card_carries_it():
    made = Confusion.of(np.array([0, 1, 1]), np.array([0, 1, 0]), 2, np.array([False, True, False]), "cells of val")
    card = ModelCard.from_json(ModelCard("m", ("a", "b"), 8, confusion=made.as_card()).to_json())
    read = Confusion.of_card(card)
    assert (read.counts.tolist(), read.flagged.tolist(), read.method) == ([[1, 0], [1, 0]], [0, 1], "cells of val")
    assert card.confusion["images"] == read.cells == 3


def test_cards_without_one_have_none():
    assert Confusion.of_card(ModelCard("m", ("a", "b"), 8)) is None
    old = json.loads(ModelCard("m", ("a", "b"), 8).to_json())
    del old["confusion"]
    assert Confusion.of_card(ModelCard.from_json(json.dumps(old))) is None
    assert Confusion.of(np.array([-1]), np.array([0]), 2).as_card() == {}
    names = tuple(map(str, range(MOST_CLASSES + 1)))
    many = Confusion.of(np.arange(len(names)), np.arange(len(names)), len(names))
    assert many.as_card() == {}
    assert Confusion.of_card(ModelCard("m", names, 8, confusion={"counts": many.counts.tolist()})) is None


@pytest.mark.parametrize(
    "wrong", [{"counts": [[1, 2]]}, {"counts": [[1], [2]]}, {"counts": [[1, 0]] * 2, "flagged": [1]}]
)
def test_one_of_other_classes_is_refused(wrong):
    with pytest.raises(ModelFileError, match="a confusion that is not of its 2 classes"):
        Confusion.of_card(ModelCard("m", ("a", "b"), 8, confusion=wrong))
