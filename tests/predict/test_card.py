import numpy as np
import pytest

from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard, class_sets, set_threshold

CLASSES = ("a", "b", "c")


def test_a_set_holds_the_likely_classes_and_never_none():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.34, 0.33, 0.33], [np.nan] * 3])
    assert class_sets(probabilities, CLASSES, 0.3) == [("a", "b"), ("a", "b", "c"), ()]
    assert class_sets(probabilities, CLASSES, 0.9) == [("a",), ("a",), ()]
    assert class_sets(probabilities[:1], CLASSES, 0) == [("a", "b", "c")]


def test_a_model_without_sets_says_how_to_get_them():
    with pytest.raises(ModelFileError, match=r"coverage 0\.95.*--resume"):
        set_threshold(ModelCard("m", CLASSES, 8), 0.95)
