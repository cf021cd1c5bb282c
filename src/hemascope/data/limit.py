"""A smaller data set with the proportions of the whole."""

import numpy as np

from hemascope.data.manifest import Manifest


def limited(manifest: Manifest, most: int | None, *, seed: int = 0) -> Manifest:
    """About ``most`` rows, drawn by seed so that every class keeps its share of every split, and at least one image.

    Args:
        manifest: the whole.
        most: how many rows to keep; None keeps all.
        seed: another seed, other rows.
    """
    if most is None or most >= len(manifest):
        return manifest
    share = most / len(manifest)
    rng = np.random.default_rng(seed)
    kept = [
        rng.permutation(rows)[: max(1, round(share * len(rows)))]
        for rows in manifest.table.groupby(["split", "label"], sort=True).indices.values()
    ]
    return manifest.rows(np.sort(np.concatenate(kept)))
