import numpy as np

from hemascope.data.smears.paint import draw
from hemascope.train.unknown_examples import strangers


def test_pictures_are_made_by_seed_from_pictures_of_any_shape():
    cells = [draw(0, 0, 64).image, draw(0, 1, 96).image[:, :80]]
    first, again, other = (strangers(cells, 20, 32, seed) for seed in (0, 0, 1))
    assert first.shape == (20, 32, 32, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len({picture.tobytes() for picture in first}) == 20
