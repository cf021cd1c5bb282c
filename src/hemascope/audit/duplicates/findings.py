"""What duplicates mean for a data set: findings on identical and nearly identical images, conflicts and leaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from hemascope.audit.duplicates.pair import Pair, joined
from hemascope.audit.findings import Finding, findings_table
from hemascope.data.manifest import Manifest

MOST_RELATED = 20
"""At most so many of a group's other images are listed with a finding."""


def duplicate_findings(manifest: Manifest, identical: np.ndarray, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Every image of every group of duplicates, with what is wrong about its group.

    Kinds: ``leak`` (a group lies in several splits), ``conflict`` (it has several labels), ``identical`` (the same
    pixels) and ``near-duplicate``. An image may have several. The score is 1 where the pixels are the same, else that
    of the likest pair. Of a group's others, the likest first, at most `MOST_RELATED` are listed; the reason then tells
    how many there are. Verdicts are left empty.

    Args:
        manifest: the images.
        identical: int64 (n,), groups of the same pixels as of `hemascope.data.groups.identical_groups`; -1: none.
        pairs: near duplicates, as of `near_duplicates`.

    Returns:
        A table as of `hemascope.audit.findings.findings_table`.
    """
    same = np.where(identical < 0, np.arange(len(identical)), identical)
    likest = _likest(same, pairs)
    group = joined(identical, pairs)
    table = manifest.table
    columns = _Columns(table["split"].to_numpy(object), table["label"].to_numpy(object), manifest.ids.tolist())
    return findings_table(
        finding
        for members in _runs(np.flatnonzero(group >= 0), group)
        if len(members) > 1
        for finding in _findings(
            columns, members, [_Twins(rows, likest.get(int(same[rows[0]]))) for rows in _runs(members, same)]
        )
    )


class _Columns(NamedTuple):
    """What is asked of every group: split, label and name of each of n images."""

    splits: np.ndarray
    labels: np.ndarray
    ids: list[str]


@dataclass(frozen=True)
class _Twins:
    """Images of the same pixels, one or more, and the best pair with another image."""

    rows: np.ndarray
    pair: Pair | None

    @property
    def likest(self) -> int:
        """That other image; -1 where there is none."""
        if self.pair is None:
            return -1
        return self.pair.second if self.pair.first in self.rows else self.pair.first


def _findings(columns: _Columns, members: np.ndarray, sets: list[_Twins]) -> Iterator[Finding]:
    yield from _crossings(columns.splits, "leak", "splits", members, sets)
    yield from _crossings(columns.labels, "conflict", "labels", members, sets)
    for twins in sets:
        for row in twins.rows if len(twins.rows) > 1 else ():
            other = twins.rows[1] if row == twins.rows[0] else twins.rows[0]
            reason = f"the same pixels as {columns.ids[other]}"
            yield _finding(row, "identical", 1.0, reason, twins.rows, len(twins.rows) - 1)
        if twins.pair:
            others = members[~np.isin(members, twins.rows)]
            reason = (
                f"{columns.ids[twins.pair.second]} is nearly the same, {twins.pair.relation}"
                if twins.pair.second == twins.likest
                else f"nearly the same as {columns.ids[twins.pair.first]}, {twins.pair.relation}"
            )
            for row in twins.rows:
                yield _finding(row, "near-duplicate", twins.pair.score, reason, others, len(others), twins.likest)


def _crossings(values: np.ndarray, kind: str, what: str, members: np.ndarray, sets: list[_Twins]) -> Iterator[Finding]:
    """A finding for every image of a group that has several values."""
    named, counts = np.unique([value for value in values[members] if value], return_counts=True)
    if len(named) < 2:
        return
    listed = ", ".join(f"{name} ({count})" for name, count in zip(named, counts, strict=True))
    reason = f"one picture in {len(named)} {what}: {listed}"
    for twins in sets:
        certain = len({value for value in values[twins.rows] if value}) > 1
        score = 1.0 if certain or twins.pair is None else twins.pair.score
        for row in twins.rows:
            yield _finding(row, kind, score, reason, members, len(members) - 1, twins.likest)


def _finding(
    row: int, kind: str, score: float, reason: str, members: np.ndarray, others: int, likest: int = -1
) -> Finding:
    """A finding that lists the first of the members that are not the row itself, the likest before them."""
    first = [likest] if likest >= 0 else []
    first += [other for other in members[: MOST_RELATED + 2].tolist() if other not in (row, likest)]
    if others > MOST_RELATED:
        reason = f"{reason}; {others:,} others in the group, {MOST_RELATED} of them listed"
    return Finding(int(row), kind, score, reason, tuple(first[:MOST_RELATED]), "")


def _likest(same: np.ndarray, pairs: Sequence[Pair]) -> dict[int, Pair]:
    """The best pair of every set of the same pixels, by the set's number; pairs within a set are no news."""
    best: dict[int, Pair] = {}
    for pair in sorted(pairs, key=lambda pair: -pair.score):
        ends = int(same[pair.first]), int(same[pair.second])
        if ends[0] != ends[1]:
            for end in ends:
                best.setdefault(end, pair)
    return best


def _runs(rows: np.ndarray, number: np.ndarray) -> list[np.ndarray]:
    """The rows, split by the number that each has."""
    ordered = rows[np.argsort(number[rows], kind="stable")]
    return np.split(ordered, np.flatnonzero(np.diff(number[ordered])) + 1) if len(rows) else []
