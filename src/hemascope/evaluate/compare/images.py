"""Which images were scored, and whether several tables speak of the same ones."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hemascope.data.sources.synthetic import SCHEME
from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions


def image_names(table: pd.DataFrame) -> np.ndarray:
    """A name an image, object (n,), the same in every table that holds it, however its path was written then.

    A table that holds an image several times, as copies of it, numbers them.

    Args:
        table: with the columns ``path`` and ``member``.
    """
    whole = {path: path if path.startswith(SCHEME) else os.path.realpath(path) for path in table["path"].unique()}
    names = table["path"].map(whole) + "#" + table["member"]
    number = names.groupby(names).cumcount()
    return (names + number.map(lambda i: f"@{i}" if i else "")).to_numpy(object)


def on_the_same_images(named: Mapping[str, Predictions], *, common: bool = False) -> dict[str, Predictions]:
    """The tables in one order of images: row i of every table is the same image; only labelled ones stay.

    Args:
        named: name -> table; at least one.
        common: keep the images that all tables have, where they differ.

    Raises:
        RunError: other images, other labels or other classes; it says which tables and names an image.
    """
    frames = {name: _labelled(table) for name, table in named.items()}
    (first, (reference, names)), *others = frames.items()
    for name, (table, own) in others:
        if set(table.classes) != set(reference.classes):
            differing = sorted(set(table.classes) ^ set(reference.classes))
            raise RunError(
                f"{name} and {first} do not have the same classes (only one of them has {', '.join(differing[:4])})",
                "Compare Runs of one set of classes.",
            )
        if not common:
            _refuse_others(first, names, name, own)
    kept = names
    for _, own in frames.values():
        kept = kept[np.isin(kept, own)]
    if not len(kept):
        raise RunError(
            f"{' and '.join(named)} have no scored image in common",
            "Score them on the same labelled images: hemascope evaluate MODEL SOURCE -o FOLDER.",
        )
    aligned = {}
    for name, (table, own) in frames.items():
        place = pd.Series(np.arange(len(own)), index=own)
        aligned[name] = table.rows(place[kept].to_numpy())
        other = (aligned[name].table["true"] != aligned[first].table["true"]).to_numpy()
        if other.any():
            row = int(np.argmax(other))
            labels = [aligned[part].table["true"].iloc[row] for part in (first, name)]
            raise RunError(
                f"{kept[row]} is a {labels[0]} in {first} and a {labels[1]} in {name} ({int(other.sum())} such images)",
                "Score both with the same labels.",
            )
    return aligned


def _labelled(table: Predictions) -> tuple[Predictions, np.ndarray]:
    known = table.rows(table.targets >= 0)
    return known, image_names(known.table)


def _refuse_others(first: str, names: np.ndarray, second: str, own: np.ndarray) -> None:
    only = {first: names[~np.isin(names, own)], second: own[~np.isin(own, names)]}
    if not any(len(part) for part in only.values()):
        return
    said = [f"{len(part):,} only in {name} (such as {part[0].rstrip('#')})" for name, part in only.items() if len(part)]
    shared = int(np.isin(names, own).sum())
    raise RunError(
        f"{first} and {second} were not scored on the same images: {', '.join(said)}",
        f"Compare them on the {shared:,} common ones with --common."
        if shared
        else "Score them on the same labelled images: hemascope evaluate MODEL SOURCE -o FOLDER.",
    )
