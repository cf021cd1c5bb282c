"""What holds for every corruption."""

from itertools import pairwise

import numpy as np
import pytest

from hemascope.evaluate.shift.corruption import SEVERITIES, length, to_uint8
from hemascope.evaluate.shift.registry import CORRUPTIONS

ALL = pytest.mark.parametrize("corruption", CORRUPTIONS.values(), ids=CORRUPTIONS.keys())


@ALL
@pytest.mark.parametrize("shape", [(40, 56, 3), (5, 3, 3), (1, 1, 3)])
def test_keeps_shape_and_type_and_leaves_the_image_alone(corruption, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = image.copy()
    for severity in SEVERITIES:
        made = corruption(image, severity)
        assert (made.shape, made.dtype) == (shape, np.uint8)
    assert (image == before).all()


@ALL
def test_the_same_seed_gives_the_same_pixels(corruption, cells):
    assert (corruption(cells[0], 3, seed=5, position=7) == corruption(cells[0], 3, seed=5, position=7)).all()


@pytest.mark.parametrize("name", ["gaussian_noise", "bubble", "stain_deposit", "motion_blur", "shift", "random"])
def test_every_image_and_every_seed_is_corrupted_in_its_own_way(name, cells):
    one = CORRUPTIONS[name](cells[0], 5, seed=1, position=1)
    assert (one != CORRUPTIONS[name](cells[0], 5, seed=1, position=2)).any()
    assert (one != CORRUPTIONS[name](cells[0], 5, seed=2, position=1)).any()


@ALL
def test_grows_with_severity(corruption, cells):
    """Mean distance to the image over some cells; the same draws for every severity, so that only severity differs."""
    distance = [
        np.mean(
            [
                np.abs(corruption.apply(cell, severity, np.random.default_rng(i)).astype(int) - cell).mean()
                for i, cell in enumerate(cells)
            ]
        )
        for severity in SEVERITIES
    ]
    assert distance[0] > 0
    assert all(after >= before for before, after in pairwise(distance)), distance
    assert distance[-1] > 1.3 * distance[0]


def test_an_unknown_severity():
    with pytest.raises(ValueError, match="severity 6"):
        CORRUPTIONS["gamma"](np.zeros((4, 4, 3), np.uint8), 6)


def test_lengths_grow_with_the_image():
    assert length(3, np.zeros((448, 500, 3), np.uint8)) == 6
    assert to_uint8(np.array([-3.0, 1.6, 300.0])).tolist() == [0, 2, 255]
