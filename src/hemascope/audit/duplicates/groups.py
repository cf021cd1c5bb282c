"""Near duplicates as groups, so that splits keep them together."""

from collections.abc import Sequence

import numpy as np

from hemascope.audit.duplicates.pair import Pair, links
from hemascope.data.groups import join_groups


def joined(group: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
    """Groups after joining near duplicates.

    Chains are not cut here: `near_duplicates` gives no pair that would tie two groups by a single likeness.

    Args:
        group: int64 (n,), the groups before; -1: in none.
        pairs: near duplicates.

    Returns:
        int64 (n,): the lowest row position of those joined; -1 for rows that were in no group and are in no pair.

    >>> joined(np.array([0, -1, 0, -1]), [Pair(1, 2, 0.9, "mirrored")]).tolist()
    [0, 0, 0, -1]
    """
    return join_groups(group, links(pairs))
