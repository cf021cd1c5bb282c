import numpy as np
import pytest

from hemascope.evaluate.compare.paired import SCORES, differences, holm, measure
from hemascope.evaluate.metrics import score
from hemascope.evaluate.proportion import share_interval


def made_up(n=200, k=4, right=0.8, seed=0):
    generator = np.random.default_rng(seed)
    targets = np.random.default_rng(99).integers(0, k, n)
    wrong = generator.random(n) > right
    return targets, np.where(wrong, (targets + 1) % k, targets)


def alone(n):
    return np.full(n, -1)


def test_the_scores_are_those_of_the_report():
    targets, said = made_up()
    (measured,) = measure(targets, [said], alone(200), 4, resamples=50)
    expected = score(targets, said, np.eye(4)[said], resamples=5).overall
    for name in SCORES:
        assert measured.values[name] == pytest.approx(expected[name].value)


def test_the_interval_is_as_wide_as_that_of_single_images():
    targets, said = made_up(n=400)
    (measured,) = measure(targets, [said], alone(400), 4)
    low, high = measured.score("accuracy")[1:]
    by_formula = 2 * 1.96 * np.sqrt(0.8 * 0.2 / 400)
    assert high - low == pytest.approx(by_formula, rel=0.15)


def test_a_model_does_not_differ_from_itself():
    targets, said = made_up()
    a, b = measure(targets, [said, said], alone(200), 4, resamples=200)
    (difference,) = differences([a], b, "f1")
    assert (difference.value, difference.low, difference.high, difference.p) == (0, 0, 0, 1)
    assert not difference.certain


def test_a_clear_difference_is_certain_and_a_slight_one_is_not():
    targets, good = made_up(right=0.95)
    _, bad = made_up(right=0.6, seed=1)
    slight = good.copy()
    slight[:3] = (slight[:3] + 2) % 4
    best, *others = measure(targets, [good, bad, slight], alone(200), 4)
    clear, little = differences(others, best, "accuracy")
    assert clear.certain
    assert clear.value < 0
    assert clear.high < 0
    assert clear.p < 0.01
    assert little.low <= 0 <= little.high
    assert not little.certain


def test_pairing_tells_more_than_two_intervals():
    targets, good = made_up(right=0.8)
    worse = good.copy()
    worse[np.flatnonzero(good == targets)[:12]] = (targets[np.flatnonzero(good == targets)[:12]] + 1) % 4
    a, b = measure(targets, [good, worse], alone(200), 4)
    (difference,) = differences([b], a, "accuracy")
    assert difference.certain
    assert a.score("accuracy").low < b.score("accuracy").high  # the intervals overlap all the same


def test_copies_of_an_image_are_no_further_evidence():
    targets, said = made_up(n=60)
    many, groups = np.repeat(np.arange(60), 10), np.repeat(np.arange(60), 10)
    (once,) = measure(targets, [said], alone(60), 4, resamples=500)
    (together,) = measure(targets[many], [said[many]], groups, 4, resamples=500)
    (apart,) = measure(targets[many], [said[many]], alone(600), 4, resamples=500)
    widths = [np.std(part.spread["accuracy"]) for part in (once, together, apart)]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    assert widths[2] < 0.5 * widths[0]


def test_equal_models_are_seldom_called_different():
    false = 0
    for seed in range(50):
        targets, a = made_up(n=150, seed=2 * seed)
        _, b = made_up(n=150, seed=2 * seed + 1)
        first, second = measure(targets, [a, b], alone(150), 4, resamples=200, seed=seed)
        false += differences([second], first, "accuracy")[0].certain
    assert false <= 7


def test_a_class_that_is_absent_is_left_out_of_the_means():
    targets = np.array([0, 0, 1, 1])
    (measured,) = measure(targets, [np.array([0, 0, 1, 0])], alone(4), 3, resamples=20)
    assert measured.values["balanced_accuracy"] == 0.75


def test_several_comparisons_are_corrected_for():
    assert holm([0.04, 0.01]) == [0.04, 0.02]
    assert holm([0.03, 0.03, 0.03]) == pytest.approx([0.09] * 3)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_accuracy_is_a_proportion_and_copies_are_no_further_evidence() -> None:
    targets = np.array([0, 1] * 5)
    (perfect,) = measure(targets, [targets], alone(10), 2, resamples=100)
    assert perfect.score("accuracy") == share_interval(10, 10)
    assert np.isnan(perfect.score("balanced_accuracy")[1:]).all()
    five = np.tile([0, 1, 0, 1, 0], 2)  # each image twice
    (copied,) = measure(five, [five], np.tile(np.arange(5), 2), 2, resamples=100)
    assert copied.score("accuracy") == share_interval(5, 5)


def test_one_image_claims_no_difference() -> None:
    one, other = measure(np.array([0]), [np.array([0]), np.array([1])], np.array([-1]), 2, resamples=500)
    (found,) = differences([one], other, "accuracy")
    assert found.value == 1
    assert np.isnan([found.low, found.high]).all()
    assert not found.certain
    assert np.isnan(one.score("accuracy")[1:]).all()
