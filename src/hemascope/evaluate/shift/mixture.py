"""The mixture: one to three corruptions at once, drawn anew for every image."""

from collections.abc import Sequence

import numpy as np

from hemascope.evaluate.shift.corruption import Apply, Corruption

MOST = 3
"""So many corruptions at most fall on one image."""


def mixture(pool: Sequence[Corruption]) -> Apply:
    """The function that lays one to three different corruptions of a pool on an image, all of the severity asked for.

    It stands for a laboratory of which nothing is known: which corruptions, how many and in which order is drawn for
    every image.
    """

    def mixed(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
        for chosen in generator.choice(len(pool), 1 + int(generator.random() * MOST), replace=False):
            image = pool[chosen].apply(image, severity, generator)
        return image

    return mixed
