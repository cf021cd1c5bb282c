"""What to do with each image: the verdicts that the audit recommends, and the one of each image.

- Undecodable, junk and blank images: drop.
- A group of copies (identical, near-duplicate, leak): one stays, the others drop. The one that stays is the one that
  nothing else drops; among these the one in the most precious split (test before val before train, as in training);
  among these the largest file, since a copy that was compressed or shrunk again is smaller; among these the first
  in the Manifest. Files inside containers all count as the same size.
- A group of copies under different labels: review, in all of its rows. Nobody but the user can tell which label is
  right, so on a conflict ``review`` keeps an image out, until its verdict is set to keep.
- Everything else: review. On any other kind ``review`` leaves an image in: have a look at it.

The verdict of an image is the strictest of its findings: drop, then review, then keep.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from hemascope.audit.findings import COPIES
from hemascope.data.groups import join_groups
from hemascope.data.manifest import SPLITS, Manifest

STRICTNESS = ("keep", "review", "drop")
"""The verdicts, the strictest last."""

_DROPPED = ("undecodable", "junk", "blank")


def recommend(findings: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Fill the column ``verdict`` by the rules above.

    Args:
        findings: as `hemascope.audit.findings.findings_table` makes them; the verdicts in it are passed over.
        manifest: the images they speak of.

    Returns:
        A copy with the audit's verdicts.
    """
    kinds = findings["kind"]
    verdicts = np.where(kinds.isin(_DROPPED), "drop", "review").astype(object)
    copies = kinds.isin(COPIES).to_numpy()
    if copies.any():
        rows = findings["row"].to_numpy(np.int64)
        spoilt = np.zeros(len(manifest), bool)
        spoilt[rows[verdicts == "drop"]] = True
        spoilt |= ~manifest.usable.to_numpy()
        group = copy_groups(findings, len(manifest))
        disputed = np.unique(group[rows[(kinds == "conflict").to_numpy()]])
        stays = _kept_copies(group, spoilt, manifest)
        decided = copies & ~np.isin(group[rows], disputed)
        verdicts[decided] = np.where(stays[rows[decided]], "keep", "drop")
    return findings.assign(verdict=pd.Series(verdicts, index=findings.index, dtype="str"))


def copy_groups(findings: pd.DataFrame, n: int) -> np.ndarray:
    """The group of copies that each of n images is in, by its findings.

    Returns:
        int64 (n,): the lowest row position of the group; -1 for an image without copies.
    """
    of_copies = findings[findings["kind"].isin(COPIES)]
    links = [
        (row, other) for row, related in zip(of_copies["row"], of_copies["related"], strict=True) for other in related
    ]
    return join_groups(np.full(n, -1), np.array([*links, *((row, row) for row in of_copies["row"])], np.int64))


def image_verdicts(findings: pd.DataFrame, n: int) -> np.ndarray:
    """The verdict of each of n images: the strictest of its findings; ``keep`` where it has none.

    Returns:
        str objects (n,): keep, drop, or review. An undecided conflict is ``drop``.
    """
    undecided = (findings["kind"] == "conflict") & (findings["verdict"] == "review")
    verdicts = findings["verdict"].mask(undecided, "drop")
    strictness = verdicts.map({name: rank for rank, name in enumerate(STRICTNESS)}).to_numpy(np.int64)
    strictest = np.zeros(n, np.int64)
    np.maximum.at(strictest, findings["row"].to_numpy(np.int64), strictness)
    return np.array(STRICTNESS, object)[strictest]


def _kept_copies(group: np.ndarray, spoilt: np.ndarray, manifest: Manifest) -> np.ndarray:
    """True for the one image of each group that stays."""
    rows = np.flatnonzero(group >= 0)
    table = manifest.table.iloc[rows]
    precious = table["split"].map({name: rank for rank, name in enumerate(SPLITS)}).fillna(-1).to_numpy()
    sizes = np.array([_file_size(*place) for place in zip(table["path"], table["member"], strict=True)])
    order = np.lexsort((rows, -sizes, -precious, spoilt[rows], group[rows]))
    _, first = np.unique(group[rows][order], return_index=True)
    stays = np.zeros(len(group), bool)
    stays[rows[order[first]]] = True
    return stays


def _file_size(path: str, member: str) -> int:
    try:
        return 0 if member else Path(path).stat().st_size
    except OSError:
        return 0
