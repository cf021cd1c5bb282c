"""What the report says about the data: counts, what was left out and why, copies."""

from dataclasses import dataclass

import pandas as pd

from hemascope.data.manifest import SPLITS, Manifest


@dataclass(frozen=True)
class DataPart:
    """The data set in numbers.

    Attributes:
        images: all rows of the Manifest.
        usable: those that may be trained on or scored.
        counts: usable images, a row a class, a column a split.
        left_out: (reason, number of images, up to five names), commonest first.
        groups: groups of two and more images that are kept on one side of every split.
        grouped: images in them.
        leaking: groups that nevertheless lie in more than one split.
        relabelled: usable images whose label was given in an audit.
    """

    images: int
    usable: int
    counts: pd.DataFrame
    left_out: tuple[tuple[str, int, tuple[str, ...]], ...]
    groups: int
    grouped: int
    leaking: int
    relabelled: int = 0


def data_part(manifest: Manifest) -> DataPart:
    """Count what a Manifest holds."""
    table = manifest.table
    usable = manifest.usable
    out = table[~usable]
    errors = [_without_name(error, name) for error, name in zip(out["error"], out["path"], strict=True)]
    reasons = pd.Series(errors, index=out.index, dtype="str").where(out["error"] != "", reasons_dropped(manifest))
    left_out = tuple(
        (str(reason), int(count), tuple(short_name(*row) for row in _names(out[reasons == reason])))
        for reason, count in reasons.value_counts().items()
    )
    grouped = table[usable & (table["group"] >= 0)].groupby("group")["split"].agg(["size", "nunique"])
    several = grouped[grouped["size"] > 1]
    return DataPart(
        len(manifest),
        int(usable.sum()),
        manifest.counts(),
        left_out,
        len(several),
        int(several["size"].sum()),
        int((several["nunique"] > 1).sum()),
        int((usable & (table["verdict"] == "relabel")).sum()),
    )


def reasons_dropped(manifest: Manifest) -> pd.Series:
    """Why each readable image with the verdict ``drop`` is left out, in words; its index is the row."""
    table = manifest.table
    dropped = table[(table["verdict"] == "drop") & (table["error"] == "")]
    grouped = table[manifest.usable & (table["group"] >= 0)]
    rank = grouped["split"].map({name: place for place, name in enumerate(SPLITS)}).fillna(-1)
    kept_in = grouped.loc[rank.groupby(grouped["group"]).idxmax()].set_index("group")["split"]
    reasons = [
        "dropped by the audit"
        if group not in kept_in.index
        else f"a copy of an image kept in {kept_in[group]}"
        if kept_in[group]
        else "a copy of an image that is kept"
        for group in dropped["group"]
    ]
    return pd.Series(reasons, index=dropped.index, dtype="str")


def short_name(path: str, member: str = "") -> str:
    """An image's name without the folders of the machine it lay on.

    >>> short_name("/home/me/cells/monocyte/7.jpg"), short_name("/data/set.npz", "train_images/12")
    ('monocyte/7.jpg', 'set.npz#train_images/12')
    """
    if "://" in path:
        return path
    parts = path.replace("\\", "/").rstrip("/").split("/")
    return f"{parts[-1]}#{member}" if member else "/".join(part for part in parts[-2:] if part)


def _names(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["path"].head(5), table["member"].head(5), strict=True))


def _without_name(error: str, path: str) -> str:
    """The error without the image's own name, so that equal reasons count together."""
    return error.removeprefix(path).lstrip(": ") or error
