import numpy as np
import pytest

from hemascope.adapt.adapt import Adaptation, advise, effective_classes

CLASSES = tuple("abcdefgh")


def labelled_as(labels: list[int], confidence: float = 0.9) -> np.ndarray:
    probabilities = np.full((len(labels), len(CLASSES)), (1 - confidence) / (len(CLASSES) - 1))
    probabilities[np.arange(len(labels)), labels] = confidence
    return probabilities


MIXED = [0, 1, 2, 3, 4, 5, 6, 7] * 5


def adaptation(before: np.ndarray, after: np.ndarray, shift: float = 1.0) -> Adaptation:
    return Adaptation(CLASSES, len(before), [], 0.5, shift, before, after)


def test_effective_classes() -> None:
    assert effective_classes(np.array([1.0, 0.0])) == 1
    assert effective_classes(np.full(8, 0.125)) == pytest.approx(8)


def test_a_shifted_mixture_is_adapted() -> None:
    assert advise(adaptation(labelled_as(MIXED), labelled_as(MIXED))).use


def test_what_changes_too_little_is_not() -> None:
    advice = advise(adaptation(labelled_as(MIXED), labelled_as(MIXED), shift=0.0))
    assert not advice.use
    assert "little to gain" in advice.reason


def test_one_class_alone_is_not() -> None:
    advice = advise(adaptation(labelled_as([4] * 39 + [1]), labelled_as([4] * 40)))
    assert not advice.use
    assert "images of all classes" in advice.reason


def test_a_folder_that_looks_of_one_class_only_before_adapting_is_adapted() -> None:
    assert advise(adaptation(labelled_as([4] * 40), labelled_as(MIXED))).use


def test_confidence_has_no_say() -> None:
    assert advise(adaptation(labelled_as(MIXED, 0.9), labelled_as(MIXED, 0.7))).use


def test_a_model_whose_training_varied_the_stain_is_not() -> None:
    mixed = labelled_as(MIXED)
    advice = advise(Adaptation(CLASSES, 40, [], 0.5, 1.0, mixed, mixed, stain_varied=True))
    assert not advice.use
    assert "varied the stain" in advice.reason


def test_a_model_of_two_classes_needs_both() -> None:
    two = np.array([[0.9, 0.1], [0.1, 0.9]] * 20)
    assert advise(Adaptation(("a", "b"), 40, [], 0.5, 1.0, two, two)).use
    assert not advise(Adaptation(("a", "b"), 40, [], 0.5, 1.0, two[[0] * 40], two[[0] * 40])).use
