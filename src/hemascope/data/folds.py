"""K-fold division: every image is held out once, copies never lie on both sides."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from hemascope.data.manifest import Manifest
from hemascope.data.splits import own_groups, split
from hemascope.errors import SourceError


def check_folds(manifest: Manifest, folds: int, *, grouped: bool = False) -> None:
    """Refuse more folds than the rarest class can fill.

    Args:
        manifest: of the images to divide; those of the split test, and those that cannot be used, do not count.
        folds: how many parts.
        grouped: count groups of copies once; without, images, which can be had before the groups are known.

    Raises:
        SourceError: a class would be missing from a fold.
    """
    table = manifest.table[manifest.usable & (manifest.table["split"] != "test")]
    for name in manifest.classes:
        rows = table[table["label"] == name]
        count = len(np.unique(own_groups(rows["group"].to_numpy(np.int64)))) if grouped else len(rows)
        if 0 < count < folds:
            kind = "groups of copies" if grouped else "images"
            raise SourceError(
                f"{folds} folds want {folds} {kind} of every class, but {name!r} has {count} outside the test part",
                f"Set folds={count}, give more images of it, or take the class out."
                if count > 1
                else "Leave folds out, give more images of it, or take the class out.",
            )


def fold_numbers(manifest: Manifest, folds: int, *, seed: int = 0) -> np.ndarray:
    """Which fold each image is held out in: stratified by class, whole groups of copies.

    Args:
        manifest: with ``split`` and ``group`` filled; the rows of its split train are divided.
        folds: how many parts, 2 or more.
        seed: another seed, another division.

    Returns:
        int64 (n,): 1 .. folds; 0 for the rows that belong to none (test, unusable).

    Raises:
        SourceError: more folds than the rarest class has groups.
    """
    check_folds(manifest, folds, grouped=True)
    table = manifest.table
    chosen = np.flatnonzero(
        (manifest.usable & table["label"].isin(manifest.classes) & (table["split"] == "train")).to_numpy()
    )
    groups = own_groups(table["group"].to_numpy(np.int64))[chosen]
    numbers = np.zeros(len(table), np.int64)
    divided = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of a group of many labels; what matters was checked above
        parts = divided.split(chosen, manifest.targets()[chosen], groups)
        for number, (_, held_out) in enumerate(parts, start=1):
            numbers[chosen[held_out]] = number
    return numbers


def fold_manifest(manifest: Manifest, numbers: np.ndarray, number: int, val: float, *, seed: int = 0) -> Manifest:
    """The data set of one fold's training.

    Args:
        manifest: the whole, n rows.
        numbers: as `fold_numbers` gives them.
        number: of the fold, from 1.
        val: share of the images that are not held out to validate on, in [0, 1); 0: the held-out ones do.
        seed: of that choice.

    Returns:
        All n rows; those of the other folds are train and val, those held out test (val where ``val`` is 0), and
        those of no fold have no split.
    """
    held_out, others = numbers == number, (numbers > 0) & (numbers != number)
    splits = np.full(len(manifest), "", object)
    if val:
        rest = manifest.rows(others)
        divided = split(rest.with_columns(split=[""] * len(rest)), (1 - val, val, 0.0), seed=seed)
        splits[others] = divided.table["split"].to_numpy(object)
    else:
        splits[others] = "train"
    splits[held_out] = "test" if val else "val"
    return manifest.with_columns(split=splits)
