"""A cell turned and mirrored."""

import numpy as np

from hemascope.adapt.views import VIEWS, turned


def test_views_are_the_same_cell_and_no_two_alike() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), np.uint8)
    seen = turned(image)
    assert seen.shape == (1, VIEWS, 8, 8, 3)
    np.testing.assert_array_equal(seen[0, 0], image[0])
    assert len({view.tobytes() for view in seen[0]}) == VIEWS
    counts = {tuple(np.sort(view.reshape(-1, 3), axis=0).ravel().tolist()) for view in seen[0]}
    assert len(counts) == 1
