import numpy as np
import pytest

from hemascope.data.manifest import Manifest
from hemascope.explain.cases import Classified, choose


def classified(targets, probabilities):
    n = len(targets)
    rows = Manifest.build([f"{i}.png" for i in range(n)], [""] * n, ["a", "b"])
    return Classified(rows, np.array(probabilities), np.array(targets), 0)


MIXED = classified([0, 0, 1, 1, -1], [[0.9, 0.1], [0.3, 0.7], [0.95, 0.05], [0.2, 0.8], [0.6, 0.4]])


@pytest.mark.parametrize(
    ("which", "most", "expected"),
    [
        ("wrong", 24, [2, 1]),  # the surest first
        ("wrong", 1, [2]),
        ("correct", 24, [0, 3]),
        ("all", 24, [2, 1, 0, 3, 4]),  # then the classes in turn
    ],
)
def test_which_are_explained(which, most, expected):
    assert choose(MIXED, which, most).tolist() == expected


def test_of_unlabelled_images_every_class_has_its_turn():
    said = [[0.6, 0.4], [0.9, 0.1], [0.8, 0.2], [0.4, 0.6]]
    assert choose(classified([-1] * 4, said), "wrong", 3).tolist() == [1, 3, 2]


def test_without_mistakes_there_is_nothing():
    assert choose(classified([0], [[0.9, 0.1]])).tolist() == []
