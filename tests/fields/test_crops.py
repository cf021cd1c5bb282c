import numpy as np
import pytest

from hemascope.fields.crops import cut_out, side_of


def test_a_cell_within_the_field_is_cut_as_it_is():
    field = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    assert np.array_equal(cut_out(field, (30, 20, 40, 40), 20), field[20:40, 25:45])


@pytest.mark.parametrize("box", [(-3, 0, 5, 8), (75, 55, 80, 60), (0, 0, 80, 60)])
def test_beyond_the_field_is_its_mirror_image(box):
    field = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    side = 30
    padded = np.pad(field, ((side, side), (side, side), (0, 0)), mode="symmetric")
    top, left = round((box[1] + box[3]) / 2 - side / 2), round((box[0] + box[2]) / 2 - side / 2)
    expected = padded[top + side : top + 2 * side, left + side : left + 2 * side]
    assert np.array_equal(cut_out(field, box, side), expected)


def test_a_square_larger_than_the_field_is_filled():
    assert cut_out(np.full((3, 5, 3), 7, np.uint8), (0, 0, 5, 3), 100).shape == (100, 100, 3)


def test_the_side_is_of_the_red_cells_and_without_them_of_the_box():
    assert side_of((0, 0, 10, 10), 30.5, 3.0) == 92
    assert side_of((0, 0, 32, 32), None, 3.0) == 60
    assert side_of((5, 5, 5, 5), None, 3.0) == 1
