import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.data.arranged import Arranged


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**31))
def test_parts_are_slices_of_one_array_in_the_order_asked_for(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 256, (n, 2, 2, 3), np.uint8)
    images = first.copy()
    arranged = Arranged(images)
    for _ in range(3):
        chosen = rng.permutation(n)[: rng.integers(1, n + 1)]
        rows = np.array_split(chosen, 2)
        for part, wanted in zip(arranged.parts(rows), rows, strict=True):
            np.testing.assert_array_equal(part, first[wanted])
            assert np.shares_memory(part, images) or not len(part)
    np.testing.assert_array_equal(arranged.parts([np.arange(n)])[0], first)
