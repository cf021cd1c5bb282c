"""A training of images from several laboratories: how often each is drawn, and which classes count against its images.

A laboratory that photographs one class most teaches a network that its colours are that class; one that has no image of
a class teaches that its colours never are. Both are told apart from the cells here.
"""

from typing import NamedTuple

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.train.balance import class_weights
from hemascope.train.recipe import Balance, Laboratories


class Sites(NamedTuple):
    """Where the images of a part come from: their numbers, int64 (n,), from 0; -1 where no laboratory is named."""

    numbers: np.ndarray
    names: tuple[str, ...]


def sites(manifest: Manifest) -> Sites:
    """The laboratory of every row.

    >>> table = Manifest.build(["1", "2"], ["a", "b"], ("a", "b"), laboratories=["Pisa", ""])
    >>> sites(table).numbers.tolist(), sites(table).names
    ([0, -1], ('Pisa',))
    """
    numbers = {name: number for number, name in enumerate(manifest.laboratories)}
    column = manifest.table["laboratory"].map(lambda name: numbers.get(name, -1))
    return Sites(column.to_numpy(np.int64), manifest.laboratories)


def draw_weights(numbers: np.ndarray, targets: np.ndarray, laboratories: Laboratories, balance: Balance) -> np.ndarray:
    """How often to draw each image, in proportion: by its laboratory, and by its class within that.

    Args:
        numbers: of the laboratories, int (n,); -1 is one of its own.
        targets: class numbers, int (n,).
        laboratories: how far the laboratories are to be drawn equally often.
        balance: how far its classes are, within each.

    Returns:
        float64 (n,), with mean 1 over every laboratory where laboratories come as they are.

    >>> draw_weights(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), Laboratories(strength=1), Balance()).tolist()
    [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0]
    """
    own = numbers + 1
    weights = class_weights(np.bincount(own), laboratories.strength)[own]
    strength = balance.strength if balance.changes_draws else 0.0
    for number in np.unique(own):
        here = own == number
        weights[here] *= class_weights(np.bincount(targets[here]), strength)[targets[here]]
    return weights


def absent_classes(numbers: np.ndarray, targets: np.ndarray, classes: int) -> np.ndarray:
    """The classes of which each image's laboratory has no image, bool (n, classes); none where no laboratory is named.

    Args:
        numbers: of the laboratories, int (n,); -1 where none is named.
        targets: class numbers, int (n,).
        classes: number of classes.

    >>> absent_classes(np.array([0, 1, -1]), np.array([0, 1, 0]), 2).tolist()
    [[False, True], [True, False], [False, False]]
    """
    absent = np.zeros((len(numbers), classes), bool)
    for number in set(numbers.tolist()) - {-1}:
        here = numbers == number
        absent[here] = np.bincount(targets[here], minlength=classes) == 0
    return absent
