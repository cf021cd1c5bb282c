"""What the report says about the data: counts, what was left out and why, identical images."""

from dataclasses import dataclass

import pandas as pd

from hemascope.data.manifest import Manifest


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
    """

    images: int
    usable: int
    counts: pd.DataFrame
    left_out: tuple[tuple[str, int, tuple[str, ...]], ...]
    groups: int
    grouped: int
    leaking: int


def data_part(manifest: Manifest) -> DataPart:
    """Count what a Manifest holds."""
    table = manifest.table
    usable = manifest.usable
    out = table[~usable]
    reasons = pd.Series(
        [_reason(error, name) for error, name in zip(out["error"], out["path"], strict=True)],
        index=out.index,
        dtype="str",
    )
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
    )


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


def _reason(error: str, path: str) -> str:
    """The error without the image's own name, so that equal reasons count together."""
    if not error:
        return "set aside: the same image is kept elsewhere, or the audit found it unusable"
    return error.removeprefix(path).lstrip(": ") or error
