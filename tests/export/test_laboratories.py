import numpy as np
import pytest

from hemascope.adapt.head import Head
from hemascope.export.laboratories import FEWEST, Laboratory, Lesson, fit_head, rows

CLASSES = 3


def cells(seed: int, shift: float, classes: tuple[int, ...], n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Features, float32 (n * classes, 8): class c lies along axis c, the laboratory along the last one."""
    targets = np.repeat(classes, n)
    features = np.random.default_rng(seed).normal(0, 0.3, (len(targets), 8))
    features[np.arange(len(targets)), targets] += 1
    features[:, -1] += shift
    return features.astype(np.float32), targets


def test_a_class_that_a_laboratory_lacks_is_taught_by_its_stand_ins() -> None:
    home = Laboratory(*cells(0, 0, (0, 1, 2)), {})
    stand_ins = {2: cells(1, 2.5, (2,))[0]}
    away = Laboratory(*cells(2, 3, (0, 1)), stand_ins)
    old = Head(np.zeros((CLASSES, 8)), np.zeros(CLASSES))
    features, targets = cells(3, 3, (2,))

    def recall(lesson: Lesson) -> float:
        head = fit_head(old, *rows([home, away], CLASSES, lesson), lesson)
        return float((head.logits(features).argmax(axis=1) == targets).mean())

    assert recall(Lesson(stand_in=1)) > max(0.97, recall(Lesson(stand_in=0)) + 0.05)


def test_laboratories_and_their_classes_have_the_same_weight_whatever_their_number() -> None:
    home = Laboratory(*cells(0, 0, (0, 1, 2), n=100), {})
    few, of_two = cells(1, 2, (0, 1), n=20)
    away = Laboratory(few[: 20 + FEWEST], of_two[: 20 + FEWEST], {0: few, 2: few})
    features, targets, weights = rows([home, away], CLASSES, Lesson(home=0.6, stand_in=0.5))
    assert len(features) == len(targets) == 300 + 20 + FEWEST + len(few)  # class 0 needs no stand-ins
    assert weights.sum() == pytest.approx(1)
    assert weights[:300].sum() == pytest.approx(0.6)
    of_class = np.bincount(targets[300:], weights[300:])
    assert of_class == pytest.approx(np.array([2, 2, 1]) * 0.4 / 5)


def test_too_few_cells_of_a_class_are_left_out() -> None:
    features, targets = cells(0, 0, (0,), n=20)
    one = Laboratory(
        np.concatenate([features, features[: FEWEST - 1]]), np.concatenate([targets, [1] * (FEWEST - 1)]), {}
    )
    assert set(rows([one], CLASSES, Lesson(home=1))[1]) == {0}


def test_a_strong_ridge_leaves_the_old_head_as_it_was() -> None:
    old = Head(np.random.default_rng(0).normal(size=(CLASSES, 8)), np.arange(3.0))
    lesson = Lesson(home=1, kept=1, ridge=1e9)
    head = fit_head(old, *rows([Laboratory(*cells(0, 0, (0, 1, 2)), {})], CLASSES, lesson), lesson)
    np.testing.assert_allclose(head.weight, old.weight, atol=1e-6)
    np.testing.assert_allclose(head.bias, old.bias, atol=1e-6)
