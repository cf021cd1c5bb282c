"""Leave one laboratory out: which laboratories can be held out, and the division that holds each out once."""

from typing import NamedTuple

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.splits import own_groups
from hemascope.errors import SourceError

ALWAYS = -1
"""The number of rows that every fold trains on."""


class LaboratoryFolds(NamedTuple):
    """A division by laboratories.

    Attributes:
        numbers: of the fold that each row is held out in, int64 (n,), from 1; ``ALWAYS`` for the rows of laboratories
            that are in every training, 0 for those that are in none.
        held_out: the laboratory of each fold.
        always: the laboratories that are never held out, because no other has images of some class.
        shared: rows left out, because copies of them lie in two laboratories.
    """

    numbers: np.ndarray
    held_out: tuple[str, ...]
    always: tuple[str, ...]
    shared: int


def laboratory_folds(manifest: Manifest) -> LaboratoryFolds:
    """Hold out every laboratory once, but for those without which a class could not be learnt.

    Args:
        manifest: with ``group`` filled.

    Raises:
        SourceError: a usable labelled row names no laboratory, or fewer than two can be held out.

    >>> cells = Manifest.build(list("12345"), list("abaab"), ("a", "b"), laboratories=list("PPQRR"))
    >>> laboratory_folds(cells).held_out, laboratory_folds(cells).numbers.tolist()
    (('P', 'Q', 'R'), [1, 1, 2, 3, 3])
    """
    name = manifest.name or "the source"
    table, chosen = manifest.table, manifest.known().to_numpy()
    places = table["laboratory"].to_numpy(object)
    nameless = int((chosen & (places == "")).sum())
    if nameless:
        raise SourceError(
            f"{name}: {nameless:,} of its images name no laboratory",
            "Name one for each: folders laboratory=NAME above the classes, or a column 'laboratory'.",
        )
    labels = table["label"].to_numpy(object)
    shared = chosen & _in_two(own_groups(table["group"].to_numpy(np.int64)), places, chosen)
    chosen = chosen & ~shared
    needed = set(labels[chosen])
    able = tuple(own for own in manifest.laboratories if set(labels[chosen & (places != own)]) == needed)
    always = tuple(own for own in manifest.laboratories if own not in able)
    if len(able) < 2:
        raise SourceError(
            f"{name}: {len(able)} of its {len(manifest.laboratories)} laboratories can be held out, at least 2 are "
            f"wanted; only one laboratory has images of: {', '.join(_alone(labels, places, chosen)) or 'all'}",
            "Give images of more laboratories, or take these classes out.",
        )
    numbers = np.zeros(len(table), np.int64)
    for number, own in enumerate(able, start=1):
        numbers[chosen & (places == own)] = number
    numbers[chosen & np.isin(places, always)] = ALWAYS
    return LaboratoryFolds(numbers, able, always, int(shared.sum()))


def _in_two(groups: np.ndarray, places: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """True for rows of groups that lie in more than one laboratory."""
    held: dict[int, set[str]] = {}
    for group, place in zip(groups[chosen], places[chosen], strict=True):
        held.setdefault(int(group), set()).add(place)
    return np.array([len(held.get(int(group), ())) > 1 for group in groups], bool)


def _alone(labels: np.ndarray, places: np.ndarray, chosen: np.ndarray) -> list[str]:
    """Classes that one laboratory alone has."""
    return [name for name in sorted(set(labels[chosen])) if len(set(places[chosen & (labels == name)])) == 1]
