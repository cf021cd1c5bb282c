import numpy as np

from hemascope.audit.duplicates.pair import Pair, joined


def test_pairs_join_groups_and_leave_the_others_alone() -> None:
    pairs = [Pair(1, 4, 0.9, "softer"), Pair(4, 5, 0.9, "softer")]
    assert joined(np.array([0, -1, 0, -1, 0, -1]), pairs).tolist() == [0, 0, 0, -1, 0, 0]
    assert joined(np.array([0, -1, 2]), []).tolist() == [0, -1, 2]
