"""Train, validation and test parts that leak nothing into each other."""

import warnings
import zlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from hemascope.data.manifest import SPLITS, Manifest
from hemascope.errors import SourceError

_TRAIN, _VAL, _TEST = SPLITS


def into_train(manifest: Manifest, name: str) -> Manifest:
    """The Manifest with the images of the split ``name`` in train; what else it names stays."""
    splits = manifest.table["split"]
    return manifest.with_columns(split=splits.where(splits != name, _TRAIN))


def split(manifest: Manifest, fractions: tuple[float, float, float] = (0.8, 0.1, 0.1), *, seed: int = 0) -> Manifest:
    """Fill the column ``split`` of every usable labelled row; rows of one group always end on the same side.

    A source that names splits keeps them, and where a group lies in several, only its rows in the most
    precious one stay (test before val before train); the others get the verdict ``drop``. If such a source has
    no val, val is cut from its train, in the proportion of the two fractions. If it has train only, or names
    no splits, its rows are divided by class: within each class the groups are shuffled by the seed and dealt
    out, each to the part that lacks most, so that every part of every class is within one group of its share.
    A class with few groups may have none in val or test, but always has one in train.

    Args:
        manifest: with ``group`` filled, as `load_pixels` does.
        fractions: shares of train, val and test; they sum to 1; train is more than 0.
        seed: another seed, another division. A class's division depends on nothing but its own rows and
            those that share a group with them.

    Raises:
        SourceError: impossible fractions, splits named for some rows only, or a class without an image to train on.
    """
    _check_fractions(fractions)
    table = manifest.table
    usable = manifest.known().to_numpy()
    labels = table["label"].to_numpy(object)
    groups = own_groups(table["group"].to_numpy(np.int64))
    splits = table["split"].to_numpy(object).copy()
    verdicts = table["verdict"].to_numpy(object).copy()
    named = set(splits[usable])

    if named <= {""} or named == {_TRAIN}:
        splits[usable] = _deal(labels[usable], groups[usable], fractions, seed)
    elif "" in named:
        count = int((splits[usable] == "").sum())
        raise SourceError(
            f"{manifest.name or 'The source'}: {count} of {int(usable.sum())} labelled images are in no split",
            "Name a split for every image, or for none.",
        )
    else:
        leaked = _leaked(splits, groups, usable)
        verdicts[leaked] = "drop"
        usable = usable & ~leaked
        train = usable & (splits == _TRAIN)
        if _VAL not in named and fractions[1] > 0:
            whole = fractions[0] + fractions[1]
            shares = (fractions[0] / whole, fractions[1] / whole, 0.0)
            splits[train] = _deal(labels[train], groups[train], shares, seed)
    _check_classes(manifest, labels, usable & (splits == _TRAIN))
    return manifest.with_columns(split=splits, verdict=verdicts)


def _check_fractions(fractions: tuple[float, float, float]) -> None:
    good = len(fractions) == 3 and all(0 <= share <= 1 for share in fractions) and abs(sum(fractions) - 1) <= 1e-6
    if not good or fractions[0] == 0:
        raise SourceError(
            f"Fractions {tuple(fractions)} of train, val and test cannot be made",
            "Give three numbers from 0 to 1 that sum to 1, the first more than 0, for example 0.8, 0.1, 0.1.",
        )


def _check_classes(manifest: Manifest, labels: np.ndarray, train: np.ndarray) -> None:
    for name in manifest.classes:
        rows = int((labels == name).sum())
        if rows and not (labels[train] == name).any():
            raise SourceError(
                f"{manifest.name or 'The source'}: none of the {rows} images of class {name!r} can be trained on",
                "Add training images of this class, mend its unreadable ones, or take the class out.",
            )


def own_groups(groups: np.ndarray) -> np.ndarray:
    """Groups with a number of its own in place of every -1."""
    alone = groups < 0
    return np.where(alone, groups.max(initial=-1) + 1 + np.cumsum(alone), groups)


def _leaked(splits: np.ndarray, groups: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """True for usable rows whose group also lies in a more precious split."""
    rank = pd.Series(splits).map({name: i for i, name in enumerate(SPLITS)}).to_numpy()
    leaked = np.zeros(len(splits), bool)
    best = pd.Series(rank[usable]).groupby(groups[usable]).transform("max").to_numpy()
    leaked[usable] = rank[usable] < best
    return leaked


def _deal(labels: np.ndarray, groups: np.ndarray, shares: tuple[float, float, float], seed: int) -> np.ndarray:
    """A split for each row: whole groups, stratified by the commonest label of a group."""
    if len(groups) == 0:
        return np.array([], object)
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    members = sorted((order[a:b] for a, b in pairwise([*starts, len(order)])), key=lambda rows: rows[0])
    by_class: dict[str, list[np.ndarray]] = {}
    for rows in members:
        by_class.setdefault(Counter(labels[rows]).most_common(1)[0][0], []).append(rows)
    result = np.empty(len(labels), object)
    for name, units in by_class.items():
        # crc32 of the name, so that a class's division does not hang on which other classes there are
        shuffled = np.random.default_rng([seed, zlib.crc32(name.encode())]).permutation(len(units))
        lacking = np.array(shares) * sum(len(rows) for rows in units)
        # The largest first: a large group that comes last finds no part that lacks so many.
        for turn, unit in enumerate(sorted(shuffled, key=lambda unit: -len(units[unit]))):
            part = int(np.argmax(np.where(np.array(shares) > 0, lacking, -np.inf))) if turn else 0
            lacking[part] -= len(units[unit])
            result[units[unit]] = SPLITS[part]
    for name in dict.fromkeys(labels):
        own = labels == name
        if not (result[own] == _TRAIN).any():
            result[groups == groups[own][0]] = _TRAIN
    return result


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
    chosen = np.flatnonzero(manifest.part("train"))
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
        numbers: as `fold_numbers` or `hemascope.data.laboratories.laboratory_folds` gives them.
        number: of the fold, from 1.
        val: share of the images that are not held out to validate on, in [0, 1); 0: the held-out ones do.
        seed: of that choice.

    Returns:
        All n rows; those of the other folds are train and val, those held out test (val where ``val`` is 0), and
        those of no fold have no split.
    """
    held_out, others = numbers == number, (numbers != 0) & (numbers != number)
    splits = np.full(len(manifest), "", object)
    if val:
        rest = manifest.rows(others)
        divided = split(rest.with_columns(split=[""] * len(rest)), (1 - val, val, 0.0), seed=seed)
        splits[others] = divided.table["split"].to_numpy(object)
    else:
        splits[others] = "train"
    splits[held_out] = "test" if val else "val"
    return manifest.with_columns(split=splits)


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
