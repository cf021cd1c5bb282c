import numpy as np
import pytest

from hemascope.audit.duplicates.squares import NAMES, TURNS, gaussian, opposite, turn_matrix, turned, turned_spectra

IMAGE = np.random.default_rng(0).random((8, 8))


def test_the_turns_are_all_different() -> None:
    assert len({turned(IMAGE, turn).tobytes() for turn in range(TURNS)}) == 8


@pytest.mark.parametrize("turn", range(TURNS))
def test_opposites_undo_each_other(turn: int) -> None:
    np.testing.assert_array_equal(turned(turned(IMAGE, turn), opposite(turn)), IMAGE)
    np.testing.assert_array_equal(turn_matrix(turn) @ turn_matrix(opposite(turn)), np.eye(2))


@pytest.mark.parametrize("turn", range(TURNS))
def test_the_matrix_says_where_pixels_come_from(turn: int) -> None:
    x, y = (turn_matrix(turn) @ (3.5, -1.5) + 3.5).astype(int)
    assert turned(IMAGE, turn)[2, 7] == IMAGE[y, x]


@pytest.mark.parametrize("turn", range(TURNS))
def test_spectra_turn_like_images_about_the_centre(turn: int) -> None:
    odd = IMAGE[:7, :7]
    spectrum = np.fft.fft2(np.fft.ifftshift(odd))
    expected = np.fft.fft2(np.fft.ifftshift(turned(odd, turn)))
    np.testing.assert_allclose(turned_spectra(spectrum[np.newaxis])[0, turn], expected, atol=1e-9)


def test_the_names_say_what_the_turn_brings_back() -> None:
    made = {
        "": IMAGE,
        "mirrored": IMAGE[:, ::-1],
        "mirrored upside down": IMAGE[::-1],
        "rotated by 90°": np.rot90(IMAGE),
        "rotated by 180°": np.rot90(IMAGE, 2),
        "rotated by 270°": np.rot90(IMAGE, 3),
    }
    for name, image in made.items():
        np.testing.assert_array_equal(turned(image, NAMES.index(name)), IMAGE)


def test_filters_hold_no_subnormal_numbers_which_take_ten_times_as_long() -> None:
    for sigma in (0.5, 1.0, 6.0):
        matrix = gaussian(96, 96, sigma)
        assert (matrix[matrix != 0] > 1e-21).all()
        np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-6)
