"""A smaller data set with the proportions of the whole."""

import numpy as np

from hemascope.data.manifest import Manifest


def limited(manifest: Manifest, most: int | None, *, seed: int = 0) -> Manifest:
    """About ``most`` rows, drawn by seed so that every class keeps its share of every split, and at least one image.

    Rows whose verdict is ``drop`` are not drawn.

    Args:
        manifest: the whole.
        most: how many rows to keep; None keeps all.
        seed: another seed, other rows.
    """
    drawn_from = np.flatnonzero((manifest.table["verdict"] != "drop").to_numpy())
    if most is None or most >= len(drawn_from):
        return manifest
    share = most / len(drawn_from)
    rng = np.random.default_rng(seed)
    kept = [
        drawn_from[rng.permutation(places)[: max(1, round(share * len(places)))]]
        for places in manifest.table.iloc[drawn_from].groupby(["split", "label"], sort=True).indices.values()
    ]
    return manifest.rows(np.sort(np.concatenate(kept)))
