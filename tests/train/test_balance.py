import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.train.balance import class_weights, draw, draw_by_weight, draws_an_epoch, draws_by_class

some_counts = st.lists(st.integers(0, 300), min_size=1, max_size=9).filter(any).map(np.array)
strengths = st.floats(0, 1)


@given(some_counts, strengths)
def test_weights_have_mean_1_over_the_images_and_favour_the_rare(counts: np.ndarray, strength: float) -> None:
    weights = class_weights(counts, strength)
    assert (weights * counts).sum() == pytest.approx(counts.sum())
    assert (weights[counts == 0] == 0).all()
    present = weights[counts > 0][np.argsort(counts[counts > 0])]
    assert (np.diff(present) <= 1e-12).all()


def test_strength_goes_from_original_over_square_root_to_uniform() -> None:
    counts = np.array([900, 100, 0])
    np.testing.assert_allclose(class_weights(counts, 0.0), [1, 1, 0])
    for strength, share in ((0.0, 0.9), (0.5, 0.75), (1.0, 0.5)):
        drawn = class_weights(counts, strength) * counts / counts.sum()
        np.testing.assert_allclose(drawn, [share, 1 - share, 0])


@given(some_counts, st.integers(0, 2000), strengths)
def test_draws_sum_to_the_total_within_one_of_each_share(counts: np.ndarray, total: int, strength: float) -> None:
    draws = draws_by_class(counts, total, strength)
    assert draws.sum() == total
    exact = class_weights(counts, strength) * counts * total / counts.sum()
    assert (abs(draws - exact) < 1 + 1e-6).all()
    assert (draws[counts == 0] == 0).all()


def test_fully_balanced_classes_are_drawn_equally_often() -> None:
    assert draws_by_class(np.array([7, 1000, 0, 31]), 300, 1.0).tolist() == [100, 100, 0, 100]


@settings(deadline=None, max_examples=50)
@given(some_counts, st.integers(1, 600), strengths, st.integers(0, 2**31))
def test_images_of_a_class_take_turns_and_repeats_are_marked(
    counts: np.ndarray, total: int, strength: float, seed: int
) -> None:
    targets = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    positions, extra = draw(targets, total, strength, np.random.default_rng(seed))
    assert len(positions) == len(extra) == total
    wanted = draws_by_class(counts, total, strength)
    np.testing.assert_array_equal(np.bincount(targets[positions], minlength=len(counts)), wanted)
    times = np.bincount(positions, minlength=len(targets))
    for number in np.flatnonzero(counts):
        assert np.ptp(times[targets == number]) <= 1
    # Each image that is drawn at all has one draw that is not extra.
    np.testing.assert_array_equal(np.bincount(positions[~extra], minlength=len(targets)), np.minimum(times, 1))


def test_an_epoch_is_full_batches() -> None:
    assert [draws_an_epoch(images, 64) for images in (130, 128, 40)] == [128, 128, 40]


@given(st.lists(st.floats(0, 9, allow_subnormal=False), min_size=1, max_size=30).filter(any), st.integers(1, 200))
def test_each_image_is_drawn_by_its_weight_rounded_up_or_down(given_weights: list[float], total: int) -> None:
    weights = np.array(given_weights)
    positions, extra = draw_by_weight(weights, total, np.random.default_rng(0))
    drawn = np.bincount(positions, minlength=len(weights))
    expected = weights / weights.sum() * total
    assert drawn.sum() == total
    assert (np.abs(drawn - expected) < 1 + 1e-6).all()
    assert extra.sum() == (drawn - np.minimum(drawn, 1)).sum()
